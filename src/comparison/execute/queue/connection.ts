import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { UserError } from '../../../support/errors.js';
import { hasCode } from '../../../support/system-error.js';
import { type Address, passwordVariable, userVariable } from './address.js';

/** Connections to one Redis server. A command waits while the server is away. */
export interface Connection {
  readonly redis: Redis;
  /** Another connection, for commands that block. */
  open(): Redis;
  close(): void;
}

const [reconnectMilliseconds, answerMilliseconds] = [1000, 10_000];

/**
 * Connects, and waits for a server that does not answer yet.
 * @param say Called when the server is away, and when it is back.
 * @throws UserError for a host that does not exist, a user or password that is refused, or a server that may evict
 * keys.
 */
export async function connect(address: Address, signal: AbortSignal, say: (line: string) => void): Promise<Connection> {
  await firstAnswer(address, signal, say);
  const { shown, options } = address;
  let closed = false;
  const opened: Redis[] = [];
  const open = () => {
    const redis = new Redis({
      ...options,
      maxRetriesPerRequest: null,
      retryStrategy: () => (closed ? null : reconnectMilliseconds), // also of the copies that BullMQ makes
    });
    redis.on('error', () => undefined); // `close` follows
    opened.push(redis);
    return redis;
  };
  const redis = open();
  let isAway = false;
  redis.on('close', () => {
    if (isAway || closed) return;
    isAway = true;
    say(`The queue at ${shown} is away: waiting for it.`);
  });
  redis.on('ready', () => {
    if (!isAway) return;
    isAway = false;
    say(`The queue at ${shown} is back.`);
  });
  return {
    redis,
    open,
    close() {
      closed = true;
      for (const one of opened) {
        // One that waits for its next attempt would keep its commands for ever: they fail with that attempt.
        if (one.status === 'reconnecting') one.once('connect', () => one.disconnect());
        else one.disconnect();
      }
    },
  };
}

/** What a server refuses, as a condition outside the program. Undefined for any other error. */
export function refusalOf(error: unknown, shown: string): UserError | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  const [first] = 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : []; // of EXECABORT
  if (first instanceof Error) return refusalOf(first, shown);
  return new UserError(`The queue at ${shown} refuses: ${reasonOf(error)}.`);
}

async function firstAnswer(address: Address, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const { shown } = address;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    const error = await errorOfAnswer(address, signal);
    if (error === undefined) return;
    signal.throwIfAborted();
    if (error instanceof UserError) throw error;
    const reason = reasonOf(error);
    const hint = /NOAUTH|WRONGPASS/.test(reason)
      ? ` Give ${userVariable} and ${passwordVariable} in the environment.`
      : '';
    if (!maySoonAnswer(error)) throw new UserError(`The queue at ${shown} refuses: ${reason}.${hint}`);
    if (attempt === 0) say(`The queue at ${shown} does not answer (${reason}): waiting for it.`);
    await wait(reconnectMilliseconds, undefined, { signal }).catch(() => undefined);
  }
}

/** What is wrong with a connection of its own. Undefined: the server answers. */
async function errorOfAnswer({ shown, options }: Address, signal: AbortSignal): Promise<unknown> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: answerMilliseconds / 2,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let cause: unknown; // the first error; later ones say only that the connection has ended
  const stop = () => redis.disconnect();
  const timer = setTimeout(() => {
    cause = new UserError(
      `The queue at ${shown} gives no answer within ${answerMilliseconds / 1000} s (is it Redis?).`,
    );
    redis.disconnect();
  }, answerMilliseconds);
  signal.addEventListener('abort', stop);
  redis.on('error', (error) => {
    cause ??= error;
  });
  try {
    await redis.connect();
    if (options.db !== 0) await redis.select(options.db);
    checkMemory(await redis.info('memory'), shown);
    return undefined;
  } catch (error) {
    return error instanceof UserError ? error : (cause ?? error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    redis.disconnect();
  }
}

/** Whether the server is not up yet: the host refuses, the server has closed the connection, or reads its file. */
function maySoonAnswer(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(maySoonAnswer); // one for each address of the host
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return error.message.startsWith('LOADING');
  return !('code' in error) || hasCode(error, 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH');
}

/** @throws UserError for a server that deletes keys when its memory is full: runs would be lost. */
function checkMemory(info: string, shown: string): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy === 'noeviction') return;
  throw new UserError(
    `The queue at ${shown} has maxmemory-policy ${policy}, which may delete runs: set it to noeviction in redis.conf.`,
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
