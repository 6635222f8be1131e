import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Interrupted } from '../../support/errors.js';
import { type Candidate, type Finding, type Smoke, unusable } from './device.js';
import type { Facts } from './facts.js';
import { explain, type Failure } from './failures.js';
import { checkStatically } from './static-checks.js';
import { lookingEnvironment } from './system-command.js';

/** What the child process sends. */
export type SmokeAnswer =
  | { readonly kind: 'trained'; readonly smoke: Smoke }
  | { readonly kind: 'failed'; readonly message: string };

export interface ProbeOptions {
  readonly facts: Facts;
  /** Time limit of the child process; default 120. A GPU's first step compiles for seconds. */
  readonly timeoutSeconds?: number | undefined;
  /** When it fires, the attempt stops. */
  readonly signal?: AbortSignal | undefined;
  /** The script and options of the child process. */
  readonly child?: Pick<Child, 'script' | 'execArgv'> | undefined;
}

/** Values of the smoke step are around one. A device with larger differences computes something else. */
const tolerance = 0.01;

/**
 * Checks a candidate statically, then trains a few steps on it in a child process.
 * @throws Interrupted
 */
export async function probe(candidate: Candidate, options: ProbeOptions): Promise<Finding> {
  const found = await checkStatically(candidate, options.facts);
  if ('usable' in found) return found;
  const outcome = await trySmoke(candidate, options);
  if (options.signal?.aborted) throw new Interrupted('Interrupted while a device was tried.');
  if (outcome.kind !== 'trained') return explain(candidate, outcome);
  const { largestDifference } = outcome.smoke;
  if (!(largestDifference <= tolerance)) {
    const reason = `it computes wrongly: after a few steps it is ${largestDifference} away from the CPU`;
    return unusable(reason, 'update its driver, and train on another device until then');
  }
  return { usable: true, ...found, smoke: outcome.smoke };
}

const ownScript = fileURLToPath(new URL('./smoke-worker.js', import.meta.url));

async function trySmoke(
  candidate: Candidate,
  { timeoutSeconds = 120, signal: stop, child = { script: ownScript, execArgv: process.execArgv } }: ProbeOptions,
): Promise<{ readonly kind: 'trained'; readonly smoke: Smoke } | Failure> {
  const words = [JSON.stringify(candidate)];
  const { last, late, signal, stderr } = await askChild<SmokeAnswer>({ ...child, words, timeoutSeconds, signal: stop });
  if (last?.kind === 'trained') return last; // a library may still fail while its process exits
  if (last) return { kind: 'failed', message: last.message, stderr };
  return late ? { kind: 'late', seconds: timeoutSeconds } : { kind: 'ended', signal, stderr };
}

interface Child {
  readonly script: string;
  readonly execArgv: readonly string[];
  readonly words: readonly string[];
  readonly timeoutSeconds: number;
  /** When it fires, the process is killed. */
  readonly signal?: AbortSignal | undefined;
}

/** How a child process ended. */
interface Ending<Message> {
  /** Its last message. */
  readonly last: Message | undefined;
  /** It was killed after its time limit. */
  readonly late: boolean;
  readonly signal: NodeJS.Signals | null;
  /** The end of its stderr, including native libraries. */
  readonly stderr: string;
}

/** Runs a script that sends messages in its own process, which isolates crashes of a device's library. */
async function askChild<Message>({
  script,
  execArgv,
  words,
  timeoutSeconds,
  signal: stop,
}: Child): Promise<Ending<Message>> {
  const child = fork(script, [...words], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced', // JSON has no NaN
    env: {
      ...lookingEnvironment(),
      ORT_DISABLE_TELEMETRY: '1',
      TF_CPP_MIN_LOG_LEVEL: '0', // the name of a missing library appears only in a warning
    },
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-50_000);
  });
  let last: Message | undefined;
  child.on('message', (message: Message) => {
    last = message;
  });
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  let end: () => void = () => undefined;
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_code, by) => resolve(by));
    end = () => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      timer = setTimeout(() => {
        leave(child);
        resolve(null);
      }, 1000 * secondsToDie);
    };
    timer = setTimeout(() => {
      late = true;
      end();
    }, 1000 * timeoutSeconds);
    if (stop?.aborted) end();
    stop?.addEventListener('abort', end);
  }).finally(() => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', end);
  });
  return { last, late, signal, stderr };
}

const secondsToDie = 5;

/** Does not wait: a child stuck in a driver does not die, and processes it started may hold its pipes. */
function leave(child: ChildProcess): void {
  child.stderr?.destroy();
  if (child.connected) child.disconnect();
  child.unref();
}
