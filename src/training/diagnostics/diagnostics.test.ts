import { expect, test } from 'vitest';
import type { Block, Dataset } from '../../data/dataset.js';
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
/** The input b is 1 in every row, and 0 where nothing but the batch has one. */
const dataset = withOnes(madeDataset(binaryTasks, split).dataset);
const experiment = { ...smallExperiment(JSON.stringify(model), binaryTasks), diagnostics: true };
const shape = modelShape(dataset);
const options = { levels: model.levels, tower: model.tower };

function withOnes(data: Dataset): Dataset {
  const of = (from: Dataset['splits']['train']) => ({
    ...from,
    async read(index: number) {
      const block = await from.read(index);
      return { ...block, numeric: block.numeric.map((value, at) => (at % 2 === 1 ? 1 : value)) };
    },
  });
  const { train, validation, test } = data.splits;
  return { ...data, splits: { train: of(train), validation: of(validation), test: of(test) } };
}

/**
 * Values at which unit 1 of expert 0 is 0 in every row, and above 0 where there is none; all units of expert 2 are 0.
 */
function plantedValues(setup: ReturnType<typeof setUp>): Values {
  const values = randomValues(setup.model);
  const [weight, bias] = ['weight', 'bias'].map((part) => must(values[`level1.experts.0.${part}`], part));
  const inputs = get(must(weight, 'weight').shape, 2);
  const off = (expert: number, unit: number) => {
    must(weight, 'weight').data[(expert * 4 + unit + 1) * inputs - 1] = -1000;
    must(bias, 'bias').data[expert * 4 + unit] = 900;
  };
  off(0, 1);
  for (let unit = 0; unit < 4; unit++) off(2, unit);
  return values;
}

/** Gate weights and logits of each row, one scalar at a time. @param left The expert that is left out. */
function predict(values: Values, { rows, categorical, numeric }: Block, left?: number) {
  return Array.from({ length: rows }, (_, index) => {
    const row: Row = {
      index,
      categorical: [get(categorical, index)],
      numeric: [...numeric.slice(2 * index, 2 * index + 2)],
    };
    const point = { values, row, shape, options, stopped: values };
    const x = embed(point);
    const made = experts.map((expert) => mlp(point, 'level1.experts', expert, x));
    const gates = [0, 1].map((task) => {
      const shares = softmax(linear(point, 'level1.gates.3', task, x)).map((share, at) => (at === left ? 0 : share));
      const rest = shares.reduce((total, share) => total + share);
      return shares.map((share) => share / rest);
    });
    return { gates, logits: gates.map((shares, task) => tower(point, 'tower', task, weighted(shares, made))) };
  });
}

function taskLoss(values: Values, block: Block, task: number, left?: number): number {
  const rows = predict(values, block, left).flatMap(({ logits }, row) => {
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
])('%s: what a run is diagnosed with, computed again one scalar at a time', async (_, engine) => {
  const setup = setUp(experiment, dataset, engine);
  const values = plantedValues(setup);
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, { shape: sides, data }]) => [name, float32(sides, Float32Array.from(data))]),
  );
  const diagnosed = must(setup.diagnosed ?? undefined, 'diagnostics');
  const diagnostics = await createDiagnostics(setup, diagnosed, parameters);
  const found = await diagnostics.measure(parameters);
  const [train, validation] = [await dataset.splits.train.read(0), await dataset.splits.validation.read(0)];

  const gradients = [0, 1].map((task) => numericGradient(values, train, task));
  const [first = [], second = []] = gradients;
  const [a, b] = gradients.map((gradient) => Math.sqrt(dot(gradient, gradient)));
  expect(found.norms?.click).toBeCloseTo(a ?? 0, 4);
  expect(found.norms?.share).toBeCloseTo(b ?? 0, 4);
  expect(found.cosines?.[0]?.tasks).toEqual(['click', 'share']);
  expect(found.cosines?.[0]?.cosine).toBeCloseTo(dot(first, second) / ((a ?? 0) * (b ?? 0)), 4);

  const gates = predict(values, train).map((row) => row.gates);
  for (const [task, { name }] of binaryTasks.entries()) {
    const entropies = gates.map((row) => -get(row, task).reduce((sum, w) => sum + w * Math.log(w), 0) / Math.log(3));
    const { entropy } = must(
      found.gates.find(({ gate }) => gate === name),
      name,
    );
    expect(entropy).toBeCloseTo(entropies.reduce((sum, one) => sum + one) / 20, 5);
  }
  const units = experts.flatMap((expert) =>
    Array.from({ length: 4 }, (__, unit) =>
      Array.from({ length: 20 }, (___, index) => {
        const row: Row = {
          index,
          categorical: [get(train.categorical, index)],
          numeric: [...train.numeric.slice(2 * index, 2 * index + 2)],
        };
        const point = { values, row, shape, options, stopped: values };
        return get(mlp(point, 'level1.experts', expert, embed(point)), unit);
      }).every((value) => value === 0),
    ),
  );
  expect(units.filter((dead) => dead).length).toBeGreaterThanOrEqual(5);
  expect(found.deadUnits).toEqual({ 'level1.experts.0': units.filter((dead) => dead).length / 12 });
  expect(found.deadExperts).toEqual([{ level: 1, expert: 'shared/2' }]);

  const leaving = diagnostics.leaveOut(parameters, 100);
  let step = await leaving.next();
  while (!step.done) step = await leaving.next();
  const lost = must(step.value, 'losses');
  expect(lost.rows).toBe(20);
  expect(lost.experts.map(({ expert }) => expert)).toEqual(['shared/0', 'shared/1', 'shared/2']);
  for (const [task, { name }] of binaryTasks.entries()) {
    expect(lost.tasks[name]).toBeCloseTo(taskLoss(values, validation, task), 5);
    for (const left of experts)
      expect(lost.experts[left]?.tasks[name]).toBeCloseTo(taskLoss(values, validation, task, left), 5);
  }
  await diagnostics.release();
});

const noisy = '{ type: ple, levels: [[6], [4]], tower: [3], experts: 2, dropout: 0.2, normalization: batch }';

test.each([
  ['a joint model', { ...smallExperiment(noisy, binaryTasks), diagnostics: false }, true],
  ['networks of their own', smallExperiment('{ type: single-task }', binaryTasks), false],
])('diagnostics change nothing else: %s', async (_, plain, joint) => {
  const [without, found] = [await trained(plain, dataset), await trained({ ...plain, diagnostics: true }, dataset)];
  const { diagnostics } = found;
  const timeless = ({ progress, records, diagnostics: __, ...rest }: typeof found) => ({
    ...rest,
    progress: { ...progress, seconds: 0 },
    records: records.map(({ diagnostics: ___, ...record }) => ({ ...record, seconds: 0 })),
  });
  expect(without.diagnostics).toBeUndefined();
  expect(timeless(found)).toEqual(timeless(without));
  expect(found.records.map((record) => Boolean(record.diagnostics))).toEqual(
    found.records.map((__, epoch) => epoch === 0),
  );
  expect(diagnostics && 'cosines' in diagnostics).toBe(joint);
  expect(diagnostics && 'withoutExpert' in diagnostics).toBe(joint);
  expect(Object.keys(diagnostics?.deadUnits ?? {}).length).toBeGreaterThan(0);
});
