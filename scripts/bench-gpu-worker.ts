// Times one case on one device, in a process of its own: started by `bench-gpu.ts`.
import type { Candidate } from '../src/engine/devices/device.js';
import { engineOn } from '../src/engine/devices/engine-on.js';
import { type BenchCaseName, benchCase } from './bench-case.js';
import { LongStep, type StepTiming, timeSteps } from './step-timing.js';

export interface BenchOrder {
  readonly candidate: Candidate;
  readonly name: BenchCaseName;
  readonly seconds: number;
  /** A step that would take too long by this is left out. */
  readonly expected?: { readonly flopsPerSecond: number; readonly mostSeconds: number };
}

/** `measuring` comes when what counts begins, unless a step takes too long; then one of the others. */
export type BenchMessage =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured'; readonly timing: StepTiming }
  | { readonly kind: 'left'; readonly stepSeconds: number }
  | { readonly kind: 'failed'; readonly message: string };

const { candidate, name, seconds, expected }: BenchOrder = JSON.parse(process.argv[2] ?? '');
await send(await answer());
process.disconnect();

async function answer(): Promise<BenchMessage> {
  try {
    const on = () => send({ kind: 'measuring' });
    return {
      kind: 'measured',
      timing: await timeSteps(engineOn(candidate), benchCase(name), { seconds, expected, on }),
    };
  } catch (error) {
    if (error instanceof LongStep) return { kind: 'left', stepSeconds: error.seconds };
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function send(message: BenchMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });
}
