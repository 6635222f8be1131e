import { once } from 'node:events';
import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import { ConfigError, hasCode, UserError } from '../../../support/errors.js';

/** A connection to a Redis server. A command waits while the server is away. */
export interface Connection {
  readonly redis: Redis;
  /** The server's host and port, and the number of its database: what messages say. */
  readonly shown: string;
  /** Closes it. The copies of it that BullMQ makes do not connect again. */
  close(): void;
}

/** The BullMQ queue of all comparisons, and the prefix of its keys. All keys begin with `ple:`. */
export const queueName = 'runs';
export const prefix = 'ple:queue';
/** A job's lowest priority in BullMQ; 1 is the highest. */
export const lowestPriority = 2 ** 21;

/** BullMQ's longest command waits for 10 s. */
const always = { maxRetriesPerRequest: null, socketTimeout: 30_000 };
/** User and password of the queue, where its address has none. */
const [userVariable, passwordVariable] = ['PLE_QUEUE_USERNAME', 'PLE_QUEUE_PASSWORD'];

/**
 * Connects, and waits for a server that does not answer yet.
 * @param on `redis://[user:password@]host[:port][/database]`; `rediss://` with TLS.
 * @param say Called when the server is away, when it is back, and for a server without a password.
 * @throws UserError for a host that does not exist, a user or password that is refused, or a server that may evict
 * keys.
 */
export async function connect(on: string, signal: AbortSignal, say: (line: string) => void): Promise<Connection> {
  const url = new URL(on);
  url.username ||= encodeURIComponent(process.env[userVariable] ?? '');
  url.password ||= encodeURIComponent(process.env[passwordVariable] ?? '');
  const shown = url.host + url.pathname;
  let closed = false;
  const redis = opened(url, shown, () => (closed ? null : 1000));
  const close = () => {
    closed = true;
    redis.disconnect();
  };
  try {
    signal.throwIfAborted();
    const answered = firstAnswer(redis, shown, (line) => closed || say(line));
    await Promise.race([answered, once(signal, 'abort')]);
    signal.throwIfAborted();
    const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1] ?? 'noeviction';
    if (policy !== 'noeviction')
      throw new UserError(
        `The queue at ${shown} has maxmemory-policy ${policy}, which may delete runs: set it to noeviction in redis.conf.`,
      );
    if (!url.password)
      say(
        `The queue at ${shown} has no password: who reaches it may give its workers runs. requirepass in redis.conf sets one.`,
      );
    return { redis, shown, close };
  } catch (error) {
    close();
    throw refusalError(error, shown) ?? error;
  }
}

/**
 * Waits until the server answers. Then and later, says when it is away and when it is back.
 * @throws UserError for a server that will not answer
 */
function firstAnswer(redis: Redis, shown: string, say: (line: string) => void): Promise<void> {
  let away = false;
  return new Promise((resolve, reject) => {
    redis.on('error', (error) => {
      if (!maySoonAnswer(error)) reject(loginRefusal(error, shown));
      else if (!away) say(`The queue at ${shown} is away (${errorReason(error)}): waiting for it.`);
      away = true;
    });
    redis.on('ready', () => {
      if (away) say(`The queue at ${shown} is back.`);
      away = false;
      resolve();
    });
  });
}

function loginRefusal(error: unknown, shown: string): UserError {
  const reason = errorReason(error);
  const isLogin = /NOAUTH|WRONGPASS/.test(reason);
  const hint = isLogin ? ` Give ${userVariable} and ${passwordVariable} in the environment.` : '';
  return new UserError(`The queue at ${shown} refuses: ${reason}.${hint}`);
}

/** The error for what a server refuses, which is no bug. Undefined for any other error. */
export function refusalError(error: unknown, shown: string): UserError | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  const [first] = 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : []; // of EXECABORT
  return refusalError(first, shown) ?? new UserError(`The queue at ${shown} refuses: ${errorReason(error)}.`);
}

/** @throws ConfigError for a user or password that is not URL-encoded. */
function opened({ href, protocol, hostname }: URL, shown: string, retryStrategy: () => number | null): Redis {
  const host = hostname.replace(/^\[(.*)\]$/, '$1'); // IPv6
  const servername = isIP(host) === 0 ? { servername: host } : {}; // an address is no name of a server
  try {
    return new Redis(href, { host, ...(protocol === 'rediss:' && { tls: servername }), ...always, retryStrategy });
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new ConfigError(`The user and the password of the queue at ${shown} must be URL-encoded (% is %25).`);
  }
}

/**
 * Whether to wait for the server: its host refuses connections, it has closed this one, it does not answer, or it still
 * reads its file.
 */
function maySoonAnswer(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(maySoonAnswer); // one for each address of the host
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return error.message.startsWith('LOADING');
  return !('code' in error) || hasCode(error, 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH');
}

function errorReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorReason(error.errors[0]);
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
