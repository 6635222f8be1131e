import { setImmediate } from 'node:timers/promises';
import type { Engine, Program } from '../src/engine/engine.js';
import { bytesOf } from '../src/engine/run/transfers.js';
import type { HostArrays } from '../src/support/arrays.js';
import { pace } from '../src/training/pace.js';
import type { BenchCase } from './bench-case.js';
import { median, timed } from './timing.js';

/** What was measured of a training step, in chunks as a run takes them. */
export interface StepTiming {
  readonly compileSeconds: number;
  /** Median of the chunks. */
  readonly chunkSteps: number;
  /** All that were timed. */
  readonly steps: number;
  /** Median of the chunks. */
  readonly stepMilliseconds: number;
  /** The only step is the first, which also allocates and builds what the device runs: it took too long for another. */
  readonly once: boolean;
  readonly flops: number | null;
  readonly stateBytes: number;
  readonly batchBytes: number;
  /** Null: the engine does not count what it copies, or has nothing to copy. */
  readonly transfers: StepTransfers | null;
}

export interface StepTransfers {
  /** Per step, on average. */
  readonly toDeviceBytes: number;
  readonly fromDeviceBytes: number;
  /** Per chunk, on average; estimated from copies that were timed at compilation. */
  readonly chunkMilliseconds: number;
  /** Of the chunks' time. */
  readonly share: number;
}

interface Chunk {
  readonly steps: number;
  readonly milliseconds: number;
  readonly copied: Readonly<Record<'toDeviceBytes' | 'fromDeviceBytes' | 'milliseconds', number>>;
}

/** Where the first step takes more than so many times the time that is given, there is no second. */
export const patience = 5;

/** A step takes much too long: about so many seconds. */
export class LongStep extends Error {
  readonly seconds: number;

  constructor(seconds: number) {
    super('a step takes too long');
    this.seconds = seconds;
  }
}

interface Effort {
  readonly seconds: number;
  /** Floating-point operations that the device is known to do in a second, and the most seconds that a step may take by that. */
  readonly expected?: { readonly flopsPerSecond: number; readonly mostSeconds: number } | undefined;
  /** Called after the first step, if there are others. */
  on(): Promise<void>;
}

/**
 * Trains on random rows for so many seconds, and at least one chunk, once chunks have the length that a run would give them.
 * @throws LongStep before the first step.
 */
export async function timeSteps(
  engine: Engine,
  measured: BenchCase,
  { seconds, expected, on }: Effort,
): Promise<StepTiming> {
  const started = performance.now();
  const program = await engine.compile(measured.step, measured.signature);
  const compileSeconds = (performance.now() - started) / 1000;
  try {
    const expectedSeconds = expected && program.flops !== null ? program.flops / expected.flopsPerSecond : 0;
    if (expected && expectedSeconds > expected.mostSeconds) throw new LongStep(expectedSeconds);
    const batchBytes = bytesOf(Object.values(measured.signature.batch));
    const chunks = pace(batchBytes, program.transfers?.perChunkMilliseconds);
    const rows = rowsOf(measured);
    const run = async (): Promise<Chunk> => {
      const steps = chunks.steps();
      const batches = rows(steps);
      const before = copiedBy(program);
      const milliseconds = await timed(() => program.run(batches));
      chunks.observe(steps, milliseconds / 1000);
      await setImmediate();
      const after = copiedBy(program);
      const copied = {
        toDeviceBytes: after.toDeviceBytes - before.toDeviceBytes,
        fromDeviceBytes: after.fromDeviceBytes - before.fromDeviceBytes,
        milliseconds: after.milliseconds - before.milliseconds,
      };
      return { steps, milliseconds, copied };
    };
    const first = await run();
    const once = first.milliseconds > patience * 1000 * seconds;
    const counted = once ? [first] : await settled(first, run);
    return {
      compileSeconds,
      chunkSteps: median(counted.map(({ steps }) => steps)),
      steps: counted.reduce((sum, { steps }) => sum + steps, 0),
      stepMilliseconds: median(counted.map(({ steps, milliseconds }) => milliseconds / steps)),
      once,
      flops: program.flops,
      stateBytes: bytesOf(Object.values(measured.signature.state)),
      batchBytes,
      transfers: program.transfers ? transfersOf(counted) : null,
    };
  } finally {
    await program.release();
  }

  async function settled(first: Chunk, run: () => Promise<Chunk>): Promise<Chunk[]> {
    await on();
    const growth = 4; // of `pace`, at most
    let [before, last] = [first, await run()];
    while (last.steps >= growth * before.steps) [before, last] = [last, await run()];
    const counted = [last];
    for (let spent = last.milliseconds; spent < 1000 * seconds; spent += last.milliseconds) {
      last = await run();
      counted.push(last);
    }
    return counted;
  }
}

function copiedBy({ transfers }: Program): Chunk['copied'] {
  const { toDeviceBytes = 0, fromDeviceBytes = 0, milliseconds = 0 } = transfers ?? {};
  return { toDeviceBytes, fromDeviceBytes, milliseconds };
}

function transfersOf(chunks: readonly Chunk[]): StepTransfers {
  const sum = (value: (chunk: Chunk) => number) => chunks.reduce((total, chunk) => total + value(chunk), 0);
  const steps = sum((chunk) => chunk.steps);
  const milliseconds = sum(({ copied }) => copied.milliseconds);
  return {
    toDeviceBytes: sum(({ copied }) => copied.toDeviceBytes) / steps,
    fromDeviceBytes: sum(({ copied }) => copied.fromDeviceBytes) / steps,
    chunkMilliseconds: milliseconds / chunks.length,
    share: milliseconds / sum((chunk) => chunk.milliseconds),
  };
}

/** Rows for so many steps, drawn anew only for more than ever before. */
function rowsOf(measured: BenchCase): (steps: number) => HostArrays {
  let drawn = 0;
  let all: HostArrays = {};
  return (steps) => {
    if (steps > drawn) {
      all = measured.chunk(steps);
      drawn = steps;
    }
    return Object.fromEntries(
      Object.entries(all).map(([name, array]) => {
        const shape = [steps, ...array.shape.slice(1)];
        const size = (array.data.length / drawn) * steps;
        return array.dtype === 'float32'
          ? [name, { dtype: array.dtype, shape, data: array.data.subarray(0, size) }]
          : [name, { dtype: array.dtype, shape, data: array.data.subarray(0, size) }];
      }),
    );
  };
}
