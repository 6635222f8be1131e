// Tries one candidate in its own process. `probe.ts` starts it with the candidate as JSON. All output except its answer
// comes from native libraries.

import { pureJs } from '../tfjs/backends.js';
import { createTfjsEngine } from '../tfjs/tfjs-engine.js';
import type { Candidate } from './device.js';
import { endWithParent } from './end-with-parent.js';
import { engineOn } from './engine-on.js';
import type { SmokeAnswer } from './probe.js';
import { largestDifference, smoke } from './smoke-step.js';

const steps = { steps: 5, timed: 20 };

endWithParent();
const candidate: Candidate = JSON.parse(process.argv[2] ?? '');
// A terminal also sends its signals to this process, which ignores them: the parent decides how the attempt ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
const answered = await answer();
if (process.connected) process.send?.(answered, () => process.disconnect());

async function answer(): Promise<SmokeAnswer> {
  try {
    const reference = await smoke(createTfjsEngine(pureJs), { ...steps, timed: 1 });
    const { arrays, stepMilliseconds } = await smoke(engineOn(candidate), steps);
    return {
      kind: 'trained',
      smoke: { stepMilliseconds, largestDifference: largestDifference(arrays, reference.arrays) },
    };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}
