import { fileURLToPath } from 'node:url';
import { Interrupted } from '../../support/errors.js';
import { askChild, type Child } from './ask-child.js';
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
  /** When it fires, the attempt is given up. */
  readonly signal?: AbortSignal | undefined;
  /** Where the child process starts, and how. */
  readonly child?: Pick<Child, 'script' | 'execArgv'> | undefined;
}

/** Values of the smoke step are of the order of one: a device that is further off computes something else. */
const tolerance = 0.01;

/**
 * Looks at a candidate, and if nothing speaks against it trains a few steps on it in a child process.
 * @throws Interrupted
 */
export async function probe(candidate: Candidate, options: ProbeOptions): Promise<Finding> {
  const found = await checkStatically(candidate, options.facts);
  if ('usable' in found) return found;
  const outcome = await trySmoke(candidate, options);
  if (options.signal?.aborted) throw new Interrupted('Interrupted while a device was tried.');
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
  { timeoutSeconds = 120, signal: stop, child = { script: ownScript, execArgv: process.execArgv } }: ProbeOptions,
): Promise<{ readonly kind: 'trained'; readonly smoke: Smoke } | Failure> {
  const words = [JSON.stringify(candidate)];
  const { last, late, signal, stderr } = await askChild<SmokeAnswer>({ ...child, words, timeoutSeconds, signal: stop });
  if (last?.kind === 'trained') return last; // a library may still fail while its process ends
  if (last) return { kind: 'failed', message: last.message, stderr };
  return late ? { kind: 'late', seconds: timeoutSeconds } : { kind: 'ended', signal, stderr };
}
