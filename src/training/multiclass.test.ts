import { expect, test } from 'vitest';
import { madeDataset } from './dataset.fixture.js';
import { smallExperiment, trained } from './trainer.fixture.js';

const tasks = [
  { name: 'kind', type: 'multiclass', classes: ['low', 'middle', 'high'] },
  { name: 'click', type: 'binary' },
] as const;
const made = (rows: number) => ({
  rows,
  label: (task: number, [a, b]: readonly [number, number], noise: number) => {
    const value = a + (task === 0 ? b : -b) + 0.3 * noise;
    return task === 0 ? (value < -0.7 ? 0 : value < 0.7 ? 1 : 2) : Number(value > 0);
  },
  mask: (task: number, [a]: readonly [number, number]) => task === 1 || a < 1.5,
});
const { dataset } = madeDataset(tasks, { train: made(512), validation: made(200), test: made(200) });
const experiment = (model: string, train = '') =>
  smallExperiment(
    `{ type: ${model} }`,
    tasks.map(({ name, type }) => ({ name, type })),
    train,
  );

test('PLE learns classes beside a binary task', async () => {
  const { records, own } = await trained(experiment('ple, levels: [[16], [8]], tower: [8], experts: 2'), dataset);
  const last = records.at(-1)?.validation;
  expect(Number(last?.kind?.macroAuc)).toBeGreaterThan(0.9);
  expect(Number(last?.kind?.accuracy)).toBeGreaterThan(0.7);
  expect(Number(last?.click?.auc)).toBeGreaterThan(0.9);
  expect(own.test.tasks[0]?.logits).toHaveLength(3 * 200);
});
