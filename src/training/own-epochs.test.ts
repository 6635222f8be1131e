import { expect, test } from 'vitest';
import { madeDataset } from './dataset.fixture.js';
import { splitMetrics } from './evaluation.js';
import { measuredResult } from './result.js';
import { setUp } from './setup.js';
import { binaryTasks, compiled, linear, smallExperiment, trained } from './trainer.fixture.js';

const ple = '{ type: ple, levels: [[8], [8]], tower: [8], experts: 2 }';
const apart = '{ type: single-task, levels: [[8]], tower: [8] }';
const watching = (monitor: string) => `epochs: 8, earlyStopping: { monitor: "${monitor}" }`;

/** A run whose first task is easy, and whose second is noise. */
async function measured(train: string, model = ple) {
  const split = {
    rows: 100,
    label: (task: number, x: readonly [number, number], noise: number) =>
      task === 0 ? linear(task, x, noise) : Number(noise > 0),
  };
  const { dataset, reads } = madeDataset(binaryTasks, {
    train: { ...split, rows: 200 },
    validation: split,
    test: split,
  });
  const experiment = smallExperiment(model, binaryTasks, train);
  const run = await trained(experiment, dataset);
  const result = measuredResult(experiment, setUp(experiment, dataset, compiled), run, run.records);
  const validations = run.records.map(({ validation }) => validation);
  return { ...run, dataset, result, validations, testReads: reads.test };
}

test('each task has the metrics and predictions of its own best epoch, as if selected by this task alone', async () => {
  const { result, own, testReads } = await measured(watching('mean'));
  const epochs = new Set([result.oneEpoch?.epoch]);
  for (const [index, { name }] of binaryTasks.entries()) {
    const { result: alone, choice } = await measured(watching(`task:${name}`));
    expect(result.bestEpoch[name]).toBe(alone.oneEpoch?.epoch);
    expect(result.tasks[name]).toMatchObject(alone.oneEpoch?.tasks[name] ?? {});
    expect(own.test.tasks[index]).toEqual(choice?.test.tasks[index]);
    epochs.add(alone.oneEpoch?.epoch);
  }
  expect(epochs.size).toBeGreaterThan(1);
  expect(testReads).toBe(epochs.size); // each epoch's parameters were evaluated once
});

test.each([ple, apart])(
  'each task, and its own gates, are served with its own epoch; shared gates are of the chosen epoch: %s',
  async (model) => {
    const { served, own, choice, progress, validations, dataset } = await measured(watching('mean'), model);
    expect(served).toHaveLength(model === ple ? 2 : 1); // networks of one task each are in one set
    for (const [index, { bestEpoch }] of [...progress.tasks, progress.choice].entries()) {
      const last = await measured(`epochs: ${bestEpoch}, keep: last`, model);
      expect(last.validations).toEqual(validations.slice(0, bestEpoch));
      const gatesOf = ({ test }: typeof own, name: string) => test.gates.filter(({ gate }) => gate === name);
      const task = binaryTasks[index];
      if (!task) {
        expect(splitMetrics(dataset, last.own)).toEqual(choice && splitMetrics(dataset, choice));
        expect(gatesOf(own, 'shared')).toEqual(gatesOf(last.own, 'shared'));
        continue;
      }
      expect(last.own.test.tasks[index]).toEqual(own.test.tasks[index]);
      expect(gatesOf(own, task.name)).toEqual(gatesOf(last.own, task.name));
      const set = served.find(({ tasks }) => tasks.includes(task.name));
      for (const [name, value] of Object.entries(last.served[0]?.parameters ?? {}))
        if (model === ple || name.startsWith(`${task.name}.`)) expect(set?.parameters[name]).toEqual(value);
    }
  },
);

test.each(['mean', 'task:share'].flatMap((monitor) => [ple, apart].map((model) => [monitor, model] as const)))(
  'with keep: one, by %s, a network’s tasks have the epoch that is chosen; networks of one task have their own: %s',
  async (monitor, model) => {
    const best = await measured(watching(monitor), model);
    const { served, choice, own, result, validations } = await measured(`${watching(monitor)}, keep: one`, model);
    expect(served).toHaveLength(1);
    expect(choice).toBeUndefined();
    expect(own).toEqual(model === ple ? best.choice : best.own);
    expect(result.oneEpoch).toBeUndefined();
    expect(validations).toEqual(best.validations);
  },
);

test('with keep: last no epoch is chosen', async () => {
  const { result, validations } = await measured('epochs: 4, keep: last');
  expect(result).toMatchObject({ bestEpoch: { click: 4, share: 4 }, ended: 'budget', epochs: 4 });
  expect(result.oneEpoch).toBeUndefined();
  expect(result.tasks['click']?.validation).toEqual(validations.at(-1)?.['click']);
});
