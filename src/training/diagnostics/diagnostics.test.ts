import { expect, test } from 'vitest';
import type { Block } from '../../data/dataset.js';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { pureJs } from '../../engine/tfjs/backends.js';
import { createTfjsEngine } from '../../engine/tfjs/tfjs-engine.js';
import { randomValues } from '../../models/run.fixture.js';
import {
  embed,
  get,
  linear,
  mlp,
  type Row,
  softmax,
  tower,
  type Values,
  weighted,
} from '../../models/scalars.fixture.js';
import { float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { madeDataset } from '../dataset.fixture.js';
import { modelShape, setUp } from '../setup.js';
import { binaryTasks, linear as labelOf, smallExperiment, trained } from '../trainer.fixture.js';
import { createDiagnostics } from './diagnostics.js';

const model = { type: 'mmoe', levels: [[4]], tower: [], experts: 3 };
const experts = [0, 1, 2];
const split = { rows: 20, label: labelOf, mask: (task: number, [a]: readonly [number, number]) => task === 0 || a > 0 };
const { dataset } = madeDataset(binaryTasks, split);
const experiment = { ...smallExperiment(JSON.stringify(model), binaryTasks), diagnostics: true };
const shape = modelShape(dataset);
const options = { levels: model.levels, tower: model.tower };

/** Logits of each row, one scalar at a time. */
function predict(values: Values, { rows, categorical, numeric }: Block) {
  return Array.from({ length: rows }, (_, index) => {
    const row: Row = {
      index,
      categorical: [get(categorical, index)],
      numeric: [...numeric.slice(2 * index, 2 * index + 2)],
    };
    const point = { values, row, shape, options, stopped: values };
    const x = embed(point);
    const made = experts.map((expert) => mlp(point, 'level1.experts', expert, x));
    return [0, 1].map((task) =>
      tower(point, 'tower', task, weighted(softmax(linear(point, 'level1.gates.3', task, x)), made)),
    );
  });
}

function taskLoss(values: Values, block: Block, task: number): number {
  const rows = predict(values, block).flatMap((logits, row) => {
    const label = get(block.labels, 2 * row + task);
    return get(block.masks, 2 * row + task) > 0 ? [Math.log1p(Math.exp((1 - 2 * label) * get(logits, task)))] : [];
  });
  return rows.reduce((total, loss) => total + loss) / rows.length;
}

/** By differences, of what both tasks reach. */
function numericGradient(values: Values, block: Block, task: number): number[] {
  const step = 1e-6;
  return Object.entries(values)
    .filter(([name]) => /^embeddings|experts/.test(name))
    .flatMap(([name, { shape: sides, data }]) =>
      Array.from(data, (_, at) => {
        const [above, below] = [step, -step].map((by) => {
          const moved = Float64Array.from(data, (value, place) => (place === at ? value + by : value));
          return taskLoss({ ...values, [name]: { shape: sides, data: moved } }, block, task);
        });
        return ((above ?? 0) - (below ?? 0)) / (2 * step);
      }),
    );
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((total, value, at) => total + value * get(b, at), 0);

test.each([
  ['compiled', createCompiledEngine({ threads: 1 })],
  ['tfjs', createTfjsEngine(pureJs)],
])('%s: the cosines of a run, computed again one scalar at a time', async (_, engine) => {
  const setup = setUp(experiment, dataset, engine);
  const values = randomValues(setup.model);
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, { shape: sides, data }]) => [name, float32(sides, Float32Array.from(data))]),
  );
  const diagnosed = must(setup.diagnosed ?? undefined, 'diagnostics');
  const diagnostics = await createDiagnostics(setup, diagnosed, parameters);
  const found = await diagnostics.measure(parameters);
  const train = await dataset.splits.train.read(0);

  const gradients = [0, 1].map((task) => numericGradient(values, train, task));
  const [first = [], second = []] = gradients;
  const [a, b] = gradients.map((gradient) => Math.sqrt(dot(gradient, gradient)));
  expect(found.cosines[0]?.tasks).toEqual(['click', 'share']);
  expect(found.cosines[0]?.cosine).toBeCloseTo(dot(first, second) / ((a ?? 0) * (b ?? 0)), 4);
  await diagnostics.release();
});

const noisy = '{ type: ple, levels: [[6], [4]], tower: [3], experts: 2, dropout: 0.2, normalization: batch }';

test.each([
  ['a joint model', { ...smallExperiment(noisy, binaryTasks), diagnostics: false }, true],
  ['networks of their own', smallExperiment('{ type: single-task }', binaryTasks), false],
])('diagnostics change nothing else: %s', async (_, plain, joint) => {
  const [without, found] = [await trained(plain, dataset), await trained({ ...plain, diagnostics: true }, dataset)];
  const timeless = ({ progress, records, ...rest }: typeof found) => ({
    ...rest,
    progress: { ...progress, seconds: 0 },
    records: records.map(({ diagnostics: _, ...record }) => ({ ...record, seconds: 0 })),
  });
  expect(timeless(found)).toEqual(timeless(without));
  expect(found.records.map(({ diagnostics }) => diagnostics?.cosines?.length)).toEqual(
    found.records.map((_, epoch) => (joint && epoch === 0 ? 1 : undefined)),
  );
});

test('without embeddings, towers alone share nothing, and nothing is diagnosed', () => {
  const alone = { ...smallExperiment('{ type: hard-sharing, levels: [] }', binaryTasks), diagnostics: true };
  expect(setUp(alone, { ...dataset, categorical: [] }, createTfjsEngine(pureJs)).diagnosed).toBeNull();
});
