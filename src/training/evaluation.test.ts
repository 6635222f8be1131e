import { expect, test } from 'vitest';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { models } from '../models/catalogue.js';
import { evaluating, initialize } from '../models/model.js';
import { randomFromSeed } from '../support/random.js';
import { tf } from '../support/tf.js';
import { madeDataset } from './dataset.fixture.js';
import { createEvaluator, type Evaluation } from './evaluation.js';

const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'share', type: 'binary' },
] as const;
const rows = 50;
const split = { rows, label: (task: number, [a, b]: readonly [number, number]) => Number((task === 0 ? a : b) > 0) };
const { dataset } = madeDataset(tasks, split);
const model = models.get('ple').build(
  {
    tasks,
    categorical: dataset.categorical,
    numeric: dataset.numeric.map(({ name }) => name),
  },
  { type: 'ple', levels: [[4], [3]], tower: [], experts: { shared: 2, task: 1 } },
);
// Wide apart, so that gates are not even.
const parameters = Object.fromEntries(
  Object.entries(initialize(model.parameters, randomFromSeed(2))).map(([name, { value }]) => {
    return [name, { ...value, data: Float32Array.from(value.data, (x) => 3 * x) }];
  }),
);

async function evaluated(): Promise<Evaluation> {
  const engine = createCompiledEngine({ threads: 1 });
  const evaluator = await createEvaluator(engine, model, parameters, dataset, 16);
  try {
    const evaluation = evaluator.evaluate(parameters, 'test');
    for (;;) {
      const next = await evaluation.next();
      if (next.done) return next.value;
    }
  } finally {
    await evaluator.release();
  }
}

/** The model's outputs for all rows at once. */
async function direct() {
  await tf.setBackend('cpu');
  const { categorical, numeric } = await dataset.splits.test.read(0);
  const tensors = Object.fromEntries(
    Object.entries(parameters).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  const inputs = {
    categorical: tf.tensor2d(categorical, [rows, 1], 'int32'),
    numeric: tf.tensor2d(numeric, [rows, 2]),
  };
  return model.apply(tensors, inputs, evaluating);
}

test('logits and gates are those of the real rows', async () => {
  const [{ tasks: scores, gates }, { logits, gates: expected = [] }] = [await evaluated(), await direct()];
  const all = [...logits.dataSync()];
  for (const [task, { logits: found }] of scores.entries()) {
    expect(found).toHaveLength(rows);
    for (const [row, logit] of found.entries()) expect(logit).toBeCloseTo(all[task * rows + row] ?? Number.NaN, 4);
  }
  expect(gates.map(({ level, gate, experts }) => [level, gate, experts])).toEqual(
    expected.map(({ level, gate, experts }) => [level, gate, experts]),
  );
  for (const [index, { experts, mean, standardDeviation }] of gates.entries()) {
    const weights = [...(expected[index]?.weights.dataSync() ?? [])];
    for (const expert of experts.keys()) {
      const own = weights.filter((_, at) => at % experts.length === expert);
      const centre = own.reduce((sum, weight) => sum + weight, 0) / rows;
      const variance = own.reduce((sum, weight) => sum + (weight - centre) ** 2, 0) / rows;
      expect(mean[expert]).toBeCloseTo(centre, 5);
      expect(standardDeviation[expert]).toBeCloseTo(Math.sqrt(variance), 5);
      expect(variance).toBeGreaterThan(1e-3);
    }
  }
});
