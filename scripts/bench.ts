import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { engineOn } from '../src/engine/devices/devices.js';
import type { Engine, Program } from '../src/engine/engine.js';
import { float32 } from '../src/support/arrays.js';
import { tf } from '../src/support/tf.js';
import { type BenchCase, type BenchCaseName, benchCase, median, timed } from './bench-case.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

// Times training steps on the CPU.
const usage = `Usage: npm run bench -- [--json] [--case wide|narrow] [--threads n]`;

interface Row {
  readonly name: string;
  readonly batchSize: number;
  /** Median of the rounds, as `productRate` is. */
  readonly stepMilliseconds: number;
  readonly flops: number | null;
  /** Floating-point operations per second of a 1024x1024x1024 product in the same runtime with the same threads. */
  readonly productRate: number;
  /** Time of a step over the time that its operations would take at `productRate`. */
  readonly ratio: number | null;
  /** The ratio of the shortest step and the shortest product. */
  readonly bestRatio: number | null;
}

/**
 * Steps and products take turns, in rounds of about 0.2 s, the length of a chunk in training. The machine is noisy, and
 * not only from round to round. The two cores of a virtual machine share a cache at some times only, for seconds or
 * minutes. This changes the time of steps, not of the product. So there are enough rounds to meet both: the medians
 * tell what a user gets, the best rounds what the program can do.
 */
const rounds = 100;
const productsPerRound = 16;
const stepsPerRound: Readonly<Record<string, number>> = { wide: 10, narrow: 100 };

const { values } = wordsOf(usage, {
  options: {
    json: { type: 'boolean', default: false },
    case: { type: 'string' },
    threads: { type: 'string' },
  },
});
const caseNames: readonly BenchCaseName[] = ['wide', 'narrow'];
checkChoice(usage, 'case', values.case, caseNames);
const threads = values.threads === undefined ? availableParallelism() : Number(values.threads);
if (!(Number.isInteger(threads) && threads > 0))
  refuse(usage, `--threads ${values.threads}: say a whole number above 0.`);

const rows: Row[] = [];
for (const name of caseNames.filter((name) => (values.case ?? name) === name)) {
  const row = await measure(benchCase(name), engineOn({ engine: 'compiled', device: 'cpu' }, { threads }));
  rows.push(row);
  if (!values.json) console.log(describe(row));
}
if (values.json) console.log(JSON.stringify({ cases: rows }, null, 2));

async function measure({ name, batchSize, step, signature, chunk }: BenchCase, engine: Engine): Promise<Row> {
  const steps = stepsPerRound[name] ?? 1;
  const [program, product] = [await engine.compile(step, signature), await productProgram(engine)];
  const [batches, ticks] = [chunk(steps), { tick: float32([productsPerRound]) }];
  await program.run(batches);
  await product.run(ticks);
  const stepTimes: number[] = [];
  const productTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await idle();
    stepTimes.push((await timed(() => program.run(batches))) / steps);
    await idle();
    productTimes.push((await timed(() => product.run(ticks))) / productsPerRound);
  }
  const { flops } = program;
  await program.release();
  await product.release();
  const rateOf = (milliseconds: number) => (2 * 1024 ** 3) / (milliseconds / 1000);
  const ratioOf = (milliseconds: number, rate: number) => flops && milliseconds / 1000 / (flops / rate);
  const [stepMilliseconds, productRate] = [median(stepTimes), rateOf(median(productTimes))];
  return {
    name,
    batchSize,
    stepMilliseconds,
    flops,
    productRate,
    ratio: ratioOf(stepMilliseconds, productRate),
    bestRatio: ratioOf(Math.min(...stepTimes), rateOf(Math.min(...productTimes))),
  };
}

/** Multiplies a 1024x1024 matrix by another, again and again. The other is a unit matrix, so that nothing grows. */
function productProgram(engine: Engine): Promise<Program> {
  const side = 1024;
  const unit = float32([side, side]);
  for (let i = 0; i < side; i++) unit.data[i * side + i] = 1;
  const values = float32([side, side]);
  for (let i = 0; i < side * side; i++) values.data[i] = Math.sin(i);
  return engine.compile(
    ({ values, unit }) => {
      if (!values || !unit) throw new Error('no matrices');
      return { state: { values: tf.matMul(values, unit) }, outputs: {} };
    },
    { state: { values, unit }, batch: { tick: { dtype: 'float32', shape: [] } } },
  );
}

/**
 * The threads of the session that ran last go on spinning for some 20 ms: they would take the cores from the next one.
 */
function idle(): Promise<void> {
  return setTimeout(50);
}

function describe({ name, stepMilliseconds, flops, productRate, ratio, bestRatio }: Row): string {
  const work = `${((flops ?? 0) / 1e6).toFixed(0)} Mflop`;
  const rate = `${(productRate / 1e9).toFixed(1)} GFLOP/s`;
  const spread = `medians of ${rounds} rounds; of the best ${bestRatio?.toFixed(2)}`;
  return `${name}: ${stepMilliseconds.toFixed(2)} ms a step, ${work}, product at ${rate}, ratio ${ratio?.toFixed(2)} (${spread})`;
}
