import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { Dataset, Split } from '../data/dataset.js';
import type { Engine, Signature } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { models } from '../models/catalogue.js';
import { initialize } from '../models/model.js';
import { requiredOptions } from '../models/run.fixture.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { jointLoss } from '../objective/joint-loss.js';
import { optimizers } from '../optimizers/catalogue.js';
import { float32, type HostArrays, int32 } from '../support/arrays.js';
import { randomFromSeed } from '../support/random.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { madeDataset } from './dataset.fixture.js';
import { findSharing } from './gradients/sharing.js';
import { balancingOptions } from './parity/balancing.fixture.js';
import { batchArrays, chunkBalancingNoise, initialState, rowIndexes, trainingStep } from './step.js';
import { stepChunk } from './step-chunk.fixture.js';
import { binaryTasks, compiled, smallExperiment, trained as trainedRun } from './trainer.fixture.js';
import type { TrainingRecord } from './trainer.js';

const [batchSize, steps] = [32, 200];
const tasks = ['a', 'b'].map((name) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);
const column = (name: string, cardinality: number, embedding: number) => ({ name, cardinality, embedding });
const categorical = [column('user', 900, 8), column('day', 7, 4), column('item', 400, 8), column('hour', 24, 8)];
const lists = [{ ...column('seen', 400, 8), length: 3, attention: { target: 'item', hidden: 4 } }];
const shape = { tasks, categorical, numeric: ['x'], lists };

/** A step of a model over tables that are moved by the rows of a batch, and the data of 200 steps. */
function built(type: string, optimizing: { readonly type: string } & object, balancing = 'fixed') {
  const given = { type, ...requiredOptions(type, 'a', 'b') };
  const model = models.get(type).build(shape, { ...given, levels: type === 'ple' ? [[8], [8]] : [[8]], tower: [4] });
  const random = randomFromSeed(5);
  const parameters = initialize(model.parameters, random.stream('parameters'));
  const optimizer = optimizers.get(optimizing.type).build(parameters, { lazy: true, ...optimizing });
  const dataset = { categorical, numeric: [{ name: 'x' }], lists, tasks };
  const method = balancings.get(balancing).build({ tasks, stepsPerEpoch: steps }, balancingOptions(balancing, 'a'));
  const balanced = method && { method, sharing: findSharing(dataset, () => model) };
  const { training } = batchArrays(dataset, batchSize, 1, model.noise, { balanced });
  const data = random.stream('data');
  const cardinalities = [...categorical.map(({ cardinality }) => cardinality), 400, 400, 400];
  const values = (name: string) => (place: number) => {
    if (name === 'categorical') return data.below(cardinalities[place % cardinalities.length] ?? 1);
    return name === 'labels' ? data.below(2) : name === 'learningRate' ? 0.05 : 1;
  };
  const noise = chunkBalancingNoise(balanced, random, { completedSteps: 0, steps });
  const signature = (): Signature => ({
    state: initialState(initialize(model.parameters, randomFromSeed(5)), optimizer, { balanced }),
    batch: training,
  });
  const step = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters), { balanced });
  return { step, signature, model, lazy: optimizer.lazy, chunk: stepChunk(training, steps, values, noise) };
}

function part(chunk: HostArrays, from: number, to: number): HostArrays {
  return Object.fromEntries(
    Object.entries(chunk).map(([name, { shape, data }]) => {
      const sides = [to - from, ...shape.slice(1)];
      const [first, last] = [from, to].map((step) => (step * data.length) / steps);
      return [
        name,
        data instanceof Float32Array ? float32(sides, data.slice(first, last)) : int32(sides, data.slice(first, last)),
      ];
    }),
  );
}

/** Trains in chunks, whose lengths follow one another. */
async function trained(
  { step, signature, model, lazy, chunk }: ReturnType<typeof built>,
  how: 'whole' | readonly number[],
  length = steps,
) {
  const given = signature();
  const rows = how === 'whole' ? {} : { rows: rowIndexes(model, lazy, given.state) };
  const engine = createCompiledEngine({ threads: 1 });
  let program = await engine.compile(step, { ...given, ...rows });
  const names = Object.keys(rows.rows ?? {}).toSorted();
  expect([...(program.rows ?? [])].toSorted()).toEqual(names);
  const losses: number[] = [];
  const lengths = how === 'whole' ? [16] : how;
  for (let at = 0, turn = 0; at < length; turn++) {
    const to = Math.min(length, at + (lengths[turn % lengths.length] ?? 1));
    const outputs = await program.run(part(chunk, at, to));
    losses.push(...(outputs.loss?.data ?? []));
    at = to;
    if (turn !== 5) continue;
    // Ended, and continued from what a checkpoint has.
    const state = structuredClone(await program.readState());
    await program.release();
    program = await engine.compile(step, { ...given, state, ...rows });
  }
  const state = await program.readState();
  await program.release();
  return { losses, state, names };
}

const adagrad = { type: 'adagrad' };

test.each([
  ['ple', adagrad],
  ['stem', { type: 'rowwise-adagrad' }],
  ['single-task', { type: 'sgd' }],
  ['mmoe', { type: 'adam' }],
  ['mmoe', { type: 'adamw', weightDecayEmbeddings: 0.1, l2Embeddings: 0.01, clipValue: 0.5 }],
])(
  '%s, %o: the same bits on the rows of a batch as on whole tables, in chunks of 1, 4 and 16 steps',
  async (type, optimizing) => {
    const given = built(type, optimizing);
    const whole = await trained(given, 'whole');
    const some = await trained(given, [1, 4, 16]);
    expect(some.names.length).toBeGreaterThan(2);
    expect(some.losses).toEqual(whole.losses);
    expect(some.state).toEqual(whole.state);
  },
);

test.each([
  ['ple', { ...adagrad, clipNorm: 0.05 }, 'fixed'],
  ['stem', adagrad, 'pcgrad'],
  ['mmoe', adagrad, 'gradnorm'],
  ['mmoe', adagrad, 'metabalance'],
])(
  '%s, %o, %s: norms over rows have the same bits in chunks of other lengths, and are those of whole tables',
  async (type, optimizing, balancing) => {
    const given = built(type, optimizing, balancing);
    const whole = await trained(given, 'whole', 60);
    const some = await trained(given, [1, 4, 16], 60);
    const others = await trained(given, [16, 3], 60);
    expect(others).toEqual(some);
    for (const [step, loss] of some.losses.entries()) expect(loss).toBeCloseTo(whole.losses[step] ?? 0, 4);
  },
);

describe('a run', () => {
  const label = (_: number, __: readonly [number, number], noise: number) => Number(noise > 0);
  const made = madeDataset(binaryTasks, { rows: 300, label }).dataset;
  const split = (from: Split): Split => ({
    ...from,
    async read(block) {
      const read = await from.read(block);
      return { ...read, categorical: read.categorical.map((id, row) => 100 * id + (row % 90)) };
    },
  });
  const { train, validation, test: tested } = made.splits;
  const dataset: Dataset = {
    ...made,
    categorical: [{ name: 'site', cardinality: 500, embedding: 4 }],
    splits: { train: split(train), validation: split(validation), test: split(tested) },
  };
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
  const timeless = ({ progress, records, ...rest }: Awaited<ReturnType<typeof trainedRun>>) => ({
    ...rest,
    progress: { ...progress, seconds: 0 },
    records: records.map((record) => ({ ...record, seconds: 0 })),
  });

  it('a note tells of tables of which each step computes all rows', async () => {
    const notes: (string | undefined)[] = [];
    const onRecord = (record: TrainingRecord) => void (record.kind === 'compiled' && notes.push(record.note));
    const devices = [compiled, dense, { ...dense, device: 'webgpu' }, { ...dense, name: 'tfjs' as const }];
    for (const engine of devices)
      await trainedRun({ ...experiment('last'), diagnostics: false }, dataset, engine, { onRecord });
    expect(notes).toEqual([
      undefined,
      'The model uses tables, or their ids, for more than look-ups: each step computes every row of embeddings.4.',
      'engine.device: webgpu: each step computes every row of embeddings.4; on cpu and cuda, those that its batch reads.',
      'engine: tfjs: each step computes every row of embeddings.4; on cpu and cuda, those that its batch reads.',
    ]);
  });

  it.each(['best', 'one', 'last'])(
    'keep: %s: tables are trained in place, to the same bits, from any checkpoint',
    async (keep) => {
      const whole = await trainedRun(experiment(keep), dataset, dense);
      const folder = mkdtempSync(join(tmpdir(), 'rows-'));
      const written: Promise<void>[] = [];
      const onRecord = (record: TrainingRecord) => {
        const path = join(folder, String(written.length));
        mkdirSync(path);
        written.push(record.snapshot().then((snapshot) => writeSnapshot(path, structuredClone(snapshot), 'abcd1234')));
      };
      const some = await trainedRun(experiment(keep), dataset, compiled, { onRecord });
      expect(timeless(some)).toEqual(timeless(whole));
      await Promise.all(written);
      for (const at of [3, Math.floor(written.length / 2), written.length - 1]) {
        const from = await readSnapshot(join(folder, String(at)), 'abcd1234');
        const { records, ...rest } = await trainedRun(experiment(keep), dataset, compiled, from ? { from } : {});
        expect(timeless({ ...rest, records: whole.records })).toEqual(timeless(whole));
      }
      rmSync(folder, { recursive: true });
    },
  );
});
