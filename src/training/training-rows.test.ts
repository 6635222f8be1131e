import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { Engine, Program } from '../engine/engine.js';
import { float32, type HostArrays } from '../support/arrays.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { randomFromSeed } from '../support/random.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { type MadeSplit, madeDataset } from './dataset.fixture.js';
import { trainEpoch } from './epoch-steps.js';
import { type EpochSums, freshProgress } from './progress/progress.js';
import { nothingSelected } from './progress/selection.js';
import { setUp, type TrainingSetup } from './setup.js';
import { binaryTasks, compiled, smallExperiment, timeless, trained } from './trainer.fixture.js';
import { type TrainingRecord, wholeTables } from './trainer.js';
import { trainingRows, trainingSteps } from './training-rows.js';

const { dataset, reads } = madeDataset(binaryTasks, { rows: 100, label: () => 0 });

/** The rows of all steps in their order, each by its first input, read as epochs are. */
async function rowsRead(passes: number | undefined, epochs: number, from = 0) {
  const steps = trainingSteps(100, { batchSize: 8, epochs, passes });
  const take = trainingRows({ dataset, batchSize: 8, order: randomFromSeed(1), steps });
  const seen: number[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let step = Math.max(from, steps.before(epoch));
    while (step < steps.before(epoch + 1)) {
      const { rows, steps: taken, arrays } = await take(step, Math.min(3, steps.before(epoch + 1) - step));
      for (let s = 0; s < taken; s++)
        for (let row = 0; row < (rows[s] ?? 0); row++) seen.push(arrays.numeric.data[2 * (8 * s + row)] ?? Number.NaN);
      step += taken;
    }
  }
  return seen;
}

test.each([
  [undefined, 2, 26, [0, 13, 26]],
  [1, 5, 13, [0, 3, 6, 8, 11, 13]],
  [2, 3, 26, [0, 9, 18, 26]],
  [0.5, 2, 7, [0, 4, 7]],
  [0.25, 3, 3, [0, 1, 2, 3]],
])('%s passes in %s epochs are %s steps', (passes, epochs, all, starts) => {
  const steps = trainingSteps(100, { batchSize: 8, epochs, passes });
  expect(steps).toMatchObject({ perPass: 13, all });
  expect(Array.from({ length: epochs + 1 }, (_, e) => steps.before(e + 1))).toEqual(starts);
});

test('more epochs than steps would read more rows than passes says: an error', () => {
  const steps = (epochs: number, passes: number) => () => trainingSteps(100, { batchSize: 64, epochs, passes });
  expect(steps(3, 1)).toThrow(
    'train.epochs: 3 epochs, but 2 steps of 64 rows in one pass over 100 training rows: lower',
  );
  expect(steps(1, 0.01)).toThrow('1 epoch, but 0 steps of 64 rows in 0.01 passes');
  expect(steps(2, 1)).not.toThrow();
});

test('a pass has every row once, however many epochs divide it, and each pass has its own order', async () => {
  const whole = await rowsRead(undefined, 2);
  const [first, second] = [whole.slice(0, 100), whole.slice(100)];
  expect(new Set(first).size).toBe(100);
  expect(second).not.toEqual(first);
  expect(second.toSorted()).toEqual(first.toSorted());
  expect(await rowsRead(2, 7)).toEqual(whole);
  expect(await rowsRead(1, 5)).toEqual(first);
  expect(await rowsRead(0.5, 2)).toEqual(first.slice(0, 56));
});

test('training goes on within a pass with the same rows', async () => {
  expect(await rowsRead(2, 7, 16)).toEqual((await rowsRead(2, 7)).slice(100 + 3 * 8));
});

test('the blocks of a pass are read once', async () => {
  const before = reads.train;
  await rowsRead(1, 5);
  expect(reads.train).toBe(before + 1);
});

describe('a run with lazy tables', () => {
  const label = (_: number, __: readonly [number, number], noise: number) => Number(noise > 0);
  const { dataset } = madeDataset(binaryTasks, { rows: 300, label }, 500);
  const experiment = (keep: string) => ({
    ...smallExperiment(
      '{ type: mmoe, levels: [[6]], tower: [4] }',
      binaryTasks,
      `epochs: 5, keep: ${keep}, optimizer: { type: adam, learningRate: 0.05, lazy: true }`,
    ),
    diagnostics: true,
  });
  /** Knows no rows: all tables whole. */
  const dense: Engine = { ...compiled, compile: (step, { state, batch }) => compiled.compile(step, { state, batch }) };

  it('a note tells of tables of which each step computes all rows', async () => {
    const notes: (string | undefined)[] = [];
    const onRecord = (record: TrainingRecord) => void (record.kind === 'compiled' && notes.push(record.note));
    const devices = [compiled, dense, { ...dense, device: 'webgpu' }, { ...dense, name: 'tfjs' as const }];
    for (const engine of devices)
      await trained({ ...experiment('last'), diagnostics: false }, dataset, engine, { onRecord });
    expect(notes).toEqual([
      undefined,
      'The model uses tables, or their ids, for more than look-ups: each step computes every row of embeddings.2.',
      'engine.device: webgpu: each step computes every row of embeddings.2; on cpu and cuda, those that its batch reads.',
      'engine: tfjs: each step computes every row of embeddings.2; on cpu and cuda, those that its batch reads.',
    ]);
  });

  it.each([
    ['tfjs', 'cpu', 'engine: tfjs'],
    ['compiled', 'webgpu', 'engine.device: webgpu'],
  ] as const)('%s on %s refuses a table of which each step would compute too many rows', (name, device, where) => {
    const told = (rows: number, known?: ReadonlySet<string>) => {
      const ids = { shape: [rows, 16], kind: 'embedding', start: () => undefined } as const;
      const tables = { model: { parameters: { ids } }, optimizer: { lazy: ['ids'] }, engine: { name, device } };
      return wholeTables(tables, known);
    };
    expect(told(2 ** 23)).toMatch(/^.*: each step computes every row of ids; on cpu and cuda/);
    expect(() => told(2 ** 23 + 1)).toThrow(
      `${where}: each step computes every row of ids, which is too much here: say engine.device=cpu or cuda.`,
    );
    expect(told(2 ** 23 + 1, new Set(['ids']))).toBeUndefined();
  });

  it.each(['best', 'one', 'last'])(
    'keep: %s: tables are trained in place, to the same bits, from any checkpoint',
    async (keep) => {
      const whole = await trained(experiment(keep), dataset, dense);
      const folder = temporaryFolder();
      const written: Promise<void>[] = [];
      const onRecord = (record: TrainingRecord) => {
        const path = join(folder, String(written.length));
        mkdirSync(path);
        written.push(record.snapshot().then((snapshot) => writeSnapshot(path, structuredClone(snapshot), 'abcd1234')));
      };
      const some = await trained(experiment(keep), dataset, compiled, { onRecord });
      expect(timeless(some)).toEqual(timeless(whole));
      await Promise.all(written);
      for (const at of [3, Math.floor(written.length / 2), written.length - 1]) {
        const from = await readSnapshot(join(folder, String(at)), 'abcd1234');
        const { records, ...rest } = await trained(experiment(keep), dataset, compiled, from ? { from } : {});
        expect(timeless({ ...rest, records: whole.records })).toEqual(timeless(whole));
      }
    },
  );
});

const nothing = async () => undefined;
/** A program without a state. */
const programOn = (run: (chunk: HostArrays) => HostArrays): Program => ({
  run: async (chunk) => run(chunk),
  flops: null,
  readState: async () => ({}),
  writeState: nothing,
  release: nothing,
});
function setUpOn(split: MadeSplit, names = ['click'], model = '') {
  const tasks = names.map((name) => ({ name, type: 'binary' }) as const);
  const experiment = smallExperiment(`{ type: single-task, levels: [[4]], tower: []${model} }`, tasks);
  return setUp(experiment, madeDataset(experiment.tasks, split).dataset, compiled);
}

const fresh = ({ selection }: TrainingSetup) => freshProgress(nothingSelected(selection));

test('31: every epoch has all rows, in an order of its own', async () => {
  const setup = setUpOn({ rows: 300, label: () => 0 });
  const seen: number[] = [];
  const program = programOn(({ mask, numeric }) => {
    const [steps = 0] = mask?.shape ?? [];
    // The mask [S, 1, B] marks the real rows; the first of the two inputs [S, B, 2] identifies a row.
    for (const [row, real] of mask?.data.entries() ?? [])
      if (real === 1) seen.push(numeric?.data[2 * row] ?? Number.NaN);
    return { loss: float32([steps]), tasks: float32([steps, 1]) };
  });
  const rowOrder = async (epoch: number) => {
    seen.length = 0;
    for await (const _ of trainEpoch(setup, program, trainingRows(setup), { ...fresh(setup), epoch }));
    return [...seen];
  };
  const [first, second] = [await rowOrder(1), await rowOrder(2)];
  expect(new Set(first).size).toBe(300);
  expect(second).not.toEqual(first);
  expect(second.toSorted()).toEqual(first.toSorted());
  expect(await rowOrder(1)).toEqual(first);
});

test("a task's loss of an epoch is the mean over its rows, by their weights", async () => {
  const weights = {
    weight: (row: number) => (row % 3) / 4,
    mask: (task: number, [a]: readonly number[]) => task === 0 || Number(a) > 0,
  };
  const setup = setUpOn({ rows: 160, label: () => 0, ...weights }, ['click', 'share']);
  const [sums, counts] = [
    [0, 0],
    [0, 0],
  ];
  let loss = 0;
  const program = programOn(({ mask }) => {
    const [steps = 0, tasks = 0, batch = 0] = mask?.shape ?? [];
    const losses = new Float32Array(steps * tasks).map((_, at) => {
      const weight = [...(mask?.data ?? [])].slice(at * batch, (at + 1) * batch).reduce((sum, one) => sum + one, 0);
      loss += 1;
      sums[at % tasks] = (sums[at % tasks] ?? 0) + weight * loss;
      counts[at % tasks] = (counts[at % tasks] ?? 0) + weight;
      return loss;
    });
    return { loss: float32([steps]), tasks: float32([steps, tasks], losses) };
  });
  let found: EpochSums | undefined;
  for await (const { progress } of trainEpoch(setup, program, trainingRows(setup), fresh(setup))) found = progress.sums;
  expect(loss).toBe(2 * 5);
  expect(found).toMatchObject({ tasks: sums, counts });
  expect(counts[1]).toBeLessThan(counts[0] ?? 0);
});

test('every step has noise of its own', async () => {
  const setup = setUpOn({ rows: 160, label: () => 0 }, ['click'], ', dropout: 0.5');
  const noise: string[] = [];
  const program = programOn((chunk) => {
    const [steps = 0] = chunk.mask?.shape ?? [];
    const drawn = Object.keys(setup.model.noise).map((name) => [...(chunk[`noise/${name}`]?.data ?? [])]);
    for (let step = 0; step < steps; step++)
      noise.push(drawn.map((all) => all.slice((step * all.length) / steps, ((step + 1) * all.length) / steps)).join());
    return { loss: float32([steps]), tasks: float32([steps, 1]) };
  });
  let last = fresh(setup);
  const take = trainingRows(setup);
  for (const epoch of [1, 2])
    for await (const { progress } of trainEpoch(setup, program, take, { ...last, epoch, step: 0 })) last = progress;
  expect(new Set(noise).size).toBe(10);
});
