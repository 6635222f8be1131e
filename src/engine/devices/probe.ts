import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Candidate, type Finding, type Smoke, unusable } from './device.js';
import type { Facts } from './facts.js';
import { explain, type Failure } from './failures.js';
import { checkStatically } from './static-checks.js';

/** What the child process sends. */
export type SmokeAnswer =
  | { readonly kind: 'trained'; readonly smoke: Smoke }
  | { readonly kind: 'failed'; readonly message: string };

export interface ProbeOptions {
  readonly facts: Facts;
  /** Of the child process; default 120. A GPU's first step compiles for seconds. */
  readonly timeoutSeconds?: number | undefined;
  /** Where the child process starts, and how. */
  readonly child?: { readonly script: string; readonly execArgv: readonly string[] } | undefined;
}

/** Values of the smoke step are of the order of one: a device that is further off computes something else. */
const tolerance = 0.01;

/** Looks at a candidate, and if nothing speaks against it trains a few steps on it in a child process. */
export async function probe(candidate: Candidate, options: ProbeOptions): Promise<Finding> {
  const found = await checkStatically(candidate, options.facts);
  if ('usable' in found) return found;
  const outcome = await trySmoke(candidate, options);
  if (outcome.kind !== 'trained') return explain(candidate, outcome, options.facts);
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
  {
    timeoutSeconds = 120,
    child: { script, execArgv } = { script: ownScript, execArgv: process.execArgv },
  }: ProbeOptions,
): Promise<{ readonly kind: 'trained'; readonly smoke: Smoke } | Failure> {
  const child = fork(script, [JSON.stringify(candidate)], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced', // JSON has no NaN
    env: {
      ...process.env,
      ORT_DISABLE_TELEMETRY: '1',
      TF_CPP_MIN_LOG_LEVEL: '0', // what names a missing library is a warning
    },
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-50_000);
  });
  let answer: SmokeAnswer | undefined;
  child.on('message', (message: SmokeAnswer) => {
    answer = message;
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, 1000 * timeoutSeconds);
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_code, by) => resolve(by));
  }).finally(() => clearTimeout(timer));
  if (answer?.kind === 'trained') return answer; // a library may still fail while its process ends
  if (answer) return { kind: 'failed', message: answer.message, stderr };
  if (late) return { kind: 'late', seconds: timeoutSeconds };
  return { kind: 'ended', signal, stderr };
}
