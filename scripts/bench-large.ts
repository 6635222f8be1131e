import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { createCompiledEngine } from '../src/engine/run/compiled-engine.js';
import { models } from '../src/models/catalogue.js';
import { drawn, initialize } from '../src/models/model.js';
import { jointLoss } from '../src/objective/joint-loss.js';
import { optimizers } from '../src/optimizers/catalogue.js';
import { float32, type HostArrays, int32 } from '../src/support/arrays.js';
import { must } from '../src/support/must.js';
import { randomFromSeed } from '../src/support/random.js';
import { inSteps, openTables } from '../src/training/large/large-tables.js';
import { compileWithTables } from '../src/training/large/program-with-tables.js';
import { batchArrays, initialState, trainingStep } from '../src/training/step.js';
import { median, timed } from './timing.js';

/*
 * Time of a training step by the number of ids of one column, and what the process's memory grows by: `npm run bench:large -- [ROUNDS] [THREADS]`.
 * Batch 1024, 20 columns (the others have 1,000 ids), embedding 8, PLE [[256],[128]] on two binary tasks, Adam. `host`: the long column's table
 * on the host (`inputs.large`). `dense`: in the engine's state. In every round all cases take turns. Then PyTorch on the same sizes.
 * With one thread, processor time is measured: other programs disturb it less.
 */

const [batchSize, columns, others, embedding] = [1024, 20, 1_000, 8];
const sizes = [1e3, 1e4, 1e5, 1e6, 1e7];
const mostDense = 1e6; // at 10^7 a step takes a second
const stepsPerRound = 8;
const [rounds, threads] = [Number(process.argv[2] ?? 15), Number(process.argv[3] ?? availableParallelism())];
const megabyte = 1e6;

const tasks = ['a', 'b'].map((name) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);

async function largeCase(ids: number, large: boolean) {
  const before = process.memoryUsage().rss;
  const random = randomFromSeed(0);
  const categorical = Array.from({ length: columns }, (_, column) => ({
    name: `c${column}`,
    cardinality: column === 0 ? ids : others,
    embedding,
    large: large && column === 0,
  }));
  const options = { type: 'ple', levels: [[256], [128]] };
  const model = models.get('ple').build({ tasks, categorical, numeric: [] }, options);
  const initial = random.stream('initial');
  const parameters = initialize(inSteps(model.parameters, batchSize), initial);
  const optimizer = optimizers.get('adam').build(parameters, { type: 'adam' });
  const state = initialState(parameters, optimizer);
  const start = (name: string) => drawn(name, must(model.parameters[name], name), initial);
  const tables = openTables(model.parameters, batchSize, start, state);
  const program = await compileWithTables(
    createCompiledEngine({ threads }),
    trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters)),
    {
      state: tables.without(state),
      batch: batchArrays({ categorical, numeric: [], lists: [], tasks }, batchSize).training,
    },
    tables,
    'training',
  );
  const stream = random.stream('rows');
  const [steps, rows] = [stepsPerRound, stepsPerRound * batchSize];
  const next = (): HostArrays => {
    const indexes = Int32Array.from({ length: rows * columns }, (_, i) =>
      stream.below(must(categorical[i % columns], 'column').cardinality),
    );
    return {
      categorical: int32([steps, batchSize, columns], indexes),
      numeric: float32([steps, batchSize, 0]),
      labels: float32(
        [steps, 2, batchSize],
        Float32Array.from({ length: 2 * rows }, () => stream.below(2)),
      ),
      mask: float32([steps, 2, batchSize], new Float32Array(2 * rows).fill(1)),
      weights: float32([steps, 2], new Float32Array(2 * steps).fill(1)),
      learningRate: float32([steps], new Float32Array(steps).fill(0.001)),
    };
  };
  await program.run(next()); // the first run allocates
  const megabytes = (process.memoryUsage().rss - before) / megabyte;
  const times: number[] = [];
  return { ids, large, next, run: program.run, megabytes, times };
}

/** Milliseconds. */
async function measured(work: () => Promise<unknown>): Promise<number> {
  if (threads > 1) return timed(work);
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const cases: Awaited<ReturnType<typeof largeCase>>[] = [];
for (const ids of sizes) {
  cases.push(await largeCase(ids, true));
  if (ids <= mostDense) cases.push(await largeCase(ids, false));
}
for (let round = 0; round < rounds; round++) {
  for (const { next, run, times } of cases) {
    const chunk = next();
    await setTimeout(50); // the threads of the last session spin for a while
    times.push((await measured(() => run(chunk))) / stepsPerRound);
  }
}

const script = join(import.meta.dirname, 'bench-large.py');
const torch = spawnSync('/usr/bin/python3', [script, sizes.join(), String(rounds)], {
  encoding: 'utf8',
  env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const found = torch.status === 0 ? z.record(z.string(), z.number()).parse(JSON.parse(torch.stdout)) : {};

const timesOf = (ids: number, large: boolean) => cases.find((one) => one.ids === ids && one.large === large);
const base = must(timesOf(1e3, false), 'the least');
console.log(
  '| ids | dense ms | MB | host ms | MB | host / dense at 10^3 | host / host at 10^3 | PyTorch ms |\n|---|---|---|---|---|---|---|---|',
);
for (const ids of sizes) {
  const [dense, host] = [timesOf(ids, false), must(timesOf(ids, true), 'host')];
  const ratioTo = (other: { readonly times: readonly number[] }) =>
    median(host.times.map((time, round) => time / (other.times[round] ?? Number.NaN))).toFixed(2);
  const cells = [
    ids.toLocaleString('en-US'),
    dense ? median(dense.times).toFixed(2) : '-',
    dense ? dense.megabytes.toFixed(0) : '-',
    median(host.times).toFixed(2),
    host.megabytes.toFixed(0),
    ratioTo(base),
    ratioTo(must(timesOf(1e3, true), 'host')),
    found[String(ids)]?.toFixed(2) ?? '-',
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
