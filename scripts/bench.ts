import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { engineOn } from '../src/engine/devices/engine-on.js';
import type { Engine, Program } from '../src/engine/engine.js';
import { float32 } from '../src/support/arrays.js';
import { tf } from '../src/support/tf.js';
import { type BenchCase, type BenchCaseName, benchCase } from './bench-case.js';
import { median, timed } from './timing.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

// Times training steps.
const usage = 'Usage: npm run bench -- [--json] [--engine compiled|tfjs] [--case wide|narrow] [--threads n]';

interface Row {
  readonly name: string;
  readonly engine: string;
  readonly batchSize: number;
  /** Median of the rounds, as `productRate` is. */
  readonly stepMilliseconds: number;
  readonly flops: number | null;
  /** Floating-point operations per second of a 1024x1024x1024 product in the same runtime with the same threads. */
  readonly productRate: number;
  /** Time of a step over the time that its operations would take at `productRate`. */
  readonly ratio: number | null;
  /** The same of the shortest step and the shortest product. */
  readonly bestRatio: number | null;
}

/**
 * What one measurement runs. Steps and products take turns, in rounds of about 0.2 s, the length of a chunk in
 * training. The machine is noisy, and not only from round to round: the two cores of a virtual machine have a cache in
 * common at times and at others have not, for seconds or minutes, which steps feel and the product does not. So there
 * are enough rounds to meet both: the medians tell what a user gets, the best rounds what the program can do.
 */
interface Effort {
  readonly rounds: number;
  readonly stepsPerRound: number;
  readonly productsPerRound: number;
}

const efforts: Record<string, Readonly<Record<string, Effort>>> = {
  compiled: {
    wide: { rounds: 100, stepsPerRound: 10, productsPerRound: 16 },
    narrow: { rounds: 100, stepsPerRound: 100, productsPerRound: 16 },
  },
  // The pure-JS backend needs over a minute for a wide step.
  tfjs: {
    wide: { rounds: 1, stepsPerRound: 1, productsPerRound: 1 },
    narrow: { rounds: 1, stepsPerRound: 2, productsPerRound: 1 },
  },
};

const { values } = wordsOf(usage, {
  options: {
    json: { type: 'boolean', default: false },
    engine: { type: 'string' },
    case: { type: 'string' },
    threads: { type: 'string' },
  },
});
const caseNames: readonly BenchCaseName[] = ['wide', 'narrow'];
checkChoice(usage, 'engine', values.engine, Object.keys(efforts));
checkChoice(usage, 'case', values.case, caseNames);
const threads = values.threads === undefined ? availableParallelism() : Number(values.threads);
if (!(Number.isInteger(threads) && threads > 0))
  refuse(usage, `--threads ${values.threads}: say a whole number above 0.`);

await benchCases();

async function benchCases(): Promise<void> {
  const rows: Row[] = [];
  // Flops are counted by the compiled engine: both run the same step.
  for (const caseName of caseNames.filter((name) => values.case === undefined || values.case === name)) {
    const measured = benchCase(caseName);
    const counted = await engineOn({ engine: 'compiled', device: 'cpu' }, { threads }).compile(
      measured.step,
      measured.signature,
    );
    const { flops } = counted;
    await counted.release();
    const names: Engine['name'][] = ['compiled', 'tfjs'];
    for (const name of names.filter((engine) => values.engine === undefined || values.engine === engine)) {
      const row = await measure(measured, engineOn({ engine: name, device: 'cpu', pureJs: true }, { threads }), flops);
      rows.push(row);
      if (!values.json) console.log(describe(row));
    }
  }
  if (values.json) console.log(JSON.stringify({ cases: rows }, null, 2));
}

async function measure(measured: BenchCase, engine: Engine, flops: number | null): Promise<Row> {
  const effort = efforts[engine.name]?.[measured.name];
  if (!effort) throw new Error(`no effort for ${engine.name} ${measured.name}`);
  const { rounds, stepsPerRound, productsPerRound } = effort;
  const program = await engine.compile(measured.step, measured.signature);
  const product = await productProgram(engine);
  const chunk = measured.chunk(stepsPerRound);
  const ticks = { tick: float32([productsPerRound]) };
  if (engine.name === 'compiled') {
    await program.run(chunk);
    await product.run(ticks);
  }
  const stepTimes: number[] = [];
  const productTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await idle();
    stepTimes.push((await timed(() => program.run(chunk))) / stepsPerRound);
    await idle();
    productTimes.push((await timed(() => product.run(ticks))) / productsPerRound);
  }
  await program.release();
  await product.release();
  const rateOf = (milliseconds: number) => (2 * 1024 ** 3) / (milliseconds / 1000);
  const ratioOf = (milliseconds: number, rate: number) => flops && milliseconds / 1000 / (flops / rate);
  const [stepMilliseconds, productRate] = [median(stepTimes), rateOf(median(productTimes))];
  return {
    name: measured.name,
    engine: engine.name,
    batchSize: measured.batchSize,
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

function describe({ name, engine, stepMilliseconds, flops, productRate, ratio, bestRatio }: Row): string {
  const work = `${((flops ?? 0) / 1e6).toFixed(0)} Mflop`;
  const rate = `${(productRate / 1e9).toFixed(1)} GFLOP/s`;
  const rounds = efforts[engine]?.[name]?.rounds ?? 0;
  const spread = rounds > 1 ? `medians of ${rounds} rounds; of the best ${bestRatio?.toFixed(2)}` : 'one round';
  return `${name} ${engine}: ${stepMilliseconds.toFixed(2)} ms a step, ${work}, product at ${rate}, ratio ${ratio?.toFixed(2)} (${spread})`;
}
