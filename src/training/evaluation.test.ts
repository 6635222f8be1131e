import { expect, test } from 'vitest';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { evaluating } from '../models/model.js';
import { build, predict, present, startingValues } from '../models/run.fixture.js';
import { float32 } from '../support/arrays.js';
import { tf } from '../support/tf.js';
import { madeDataset } from './dataset.fixture.js';
import { createEvaluator, pace } from './evaluation.js';
import { modelShape } from './setup.js';

const tasks = [
  { name: 'kind', type: 'multiclass', classes: ['low', 'middle', 'high'] },
  { name: 'share', type: 'binary' },
] as const;
const rows = 50;
const { dataset } = madeDataset(tasks, { rows, label: (task, [a, b]) => Number((task === 0 ? a : b) > 0) });
const shape = modelShape(dataset);
const options = { levels: [[4], [3]], tower: [], experts: { shared: 2, task: 1 } };
const model = build({ model: 'ple', shape, options });
// Wide apart, so that gates are not even.
const parameters = Object.fromEntries(
  Object.entries(startingValues(model)).map(([name, { shape, data }]) => [
    name,
    float32(
      shape,
      data.map((x) => 3 * x),
    ),
  ]),
);

async function evaluated() {
  const evaluator = await createEvaluator(createCompiledEngine({ threads: 1 }), model, parameters, dataset, 16);
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
  const read = Array.from({ length: rows }, (_, index) => ({
    index,
    categorical: [present(categorical[index])],
    numeric: [...numeric.slice(2 * index, 2 * index + 2)],
  }));
  return predict(model, parameters, read, shape, evaluating);
}

test('logits and gates are those of the real rows', async () => {
  const [{ tasks: scores, gates }, { logits, gates: expected = [] }] = [await evaluated(), await direct()];
  const close = (values: ArrayLike<number>, digits: number) =>
    Array.from(values, (value) => expect.closeTo(value, digits));
  const outputs = logits.dataSync(); // those of the classes come first
  expect(scores.map((task) => [...task.logits])).toEqual([
    close(outputs.slice(0, 3 * rows), 4),
    close(outputs.slice(3 * rows), 4),
  ]);
  expect(gates.map(({ level, gate, experts }) => [level, gate, experts])).toEqual(
    expected.map(({ level, gate, experts }) => [level, gate, experts]),
  );
  for (const [index, { experts, mean, standardDeviation }] of gates.entries()) {
    const weights = [...present(expected[index]).weights.dataSync()];
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

/** Length, seconds, and share of copies, of chunks once the pace has settled. */
function settled(stepSeconds: number, copyMilliseconds: number, stepBytes = 1000) {
  const chunks = pace(stepBytes, copyMilliseconds);
  const chunkSeconds = (steps: number) => steps * stepSeconds + copyMilliseconds / 1000;
  for (let chunk = 0; chunk < 20; chunk++) chunks.observe(chunks.steps(), chunkSeconds(chunks.steps()));
  const seconds = chunkSeconds(chunks.steps());
  return { steps: chunks.steps(), seconds, share: copyMilliseconds / 1000 / seconds };
}

test('a chunk takes about 0.2 s', () => {
  expect(settled(0.002, 0).steps).toBe(100);
  expect(settled(3, 0).steps).toBe(1);
});

test('copies take at most 5 %, where half a second is enough for that', () => {
  for (const milliseconds of [1, 9, 12, 20, 24]) {
    const { share, seconds } = settled(0.0001, milliseconds);
    expect(share).toBeLessThan(0.0505);
    expect(seconds).toBeGreaterThan(0.19);
    expect(seconds).toBeLessThan(0.51);
  }
});

test('a chunk has at most 64 MiB, and grows by four at a time', () => {
  expect(settled(1e-5, 0, 2 ** 20).steps).toBe(64);
  const chunks = pace(1);
  chunks.observe(1, 1e-5);
  expect(chunks.steps()).toBe(4);
});
