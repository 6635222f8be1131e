import { expect, test } from 'vitest';
import { madeDataset } from './dataset.fixture.js';
import { splitMetrics } from './evaluation.js';
import { measuredResult } from './result.js';
import { setUp } from './setup.js';
import { binaryTasks, compiled, linear, smallExperiment, trained } from './trainer.fixture.js';

const ple = '{ type: ple, levels: [[8], [8]], tower: [8], experts: 2 }';
/** The first task is easy, the second noise. */
const label = (task: number, x: readonly [number, number], noise: number) =>
  task === 0 ? linear(task, x, noise) : Number(noise > 0);
const made = () => {
  const split = { rows: 100, label };
  return madeDataset(binaryTasks, { train: { ...split, rows: 200 }, validation: split, test: split });
};
const settings = (monitor: string, epochs = 8, patience: number | null = null) =>
  `epochs: ${epochs}, earlyStopping: { monitor: "${monitor}", patience: ${patience} }`;

test('each task has the metrics and predictions of its own best epoch, as if selected by this task alone', async () => {
  const { dataset, reads } = made();
  const experiment = smallExperiment(ple, binaryTasks, settings('mean'));
  const joint = await trained(experiment, dataset);
  const readTest = reads.test;
  const result = measuredResult(experiment, setUp(experiment, dataset, compiled), joint, joint.records);
  const epochs = new Set([result.oneEpoch?.epoch]);
  for (const [index, { name }] of binaryTasks.entries()) {
    const one = smallExperiment(ple, binaryTasks, settings(`task:${name}`));
    const alone = await trained(one, dataset);
    const { oneEpoch } = measuredResult(one, setUp(one, dataset, compiled), alone, alone.records);
    expect(result.bestEpoch[name]).toBe(oneEpoch?.epoch);
    expect(result.tasks[name]).toMatchObject(oneEpoch?.tasks[name] ?? {});
    expect(joint.own.test.tasks[index]).toEqual(alone.choice?.test.tasks[index]);
    epochs.add(oneEpoch?.epoch);
  }
  expect(epochs.size).toBeGreaterThan(1);
  expect(readTest).toBe(epochs.size); // each epoch's parameters were evaluated once
});

test('each task, and its own gates, are served with its own epoch; shared gates are of the chosen epoch', async () => {
  const { dataset } = made();
  for (const model of [ple, '{ type: single-task, levels: [[8]], tower: [8] }']) {
    const experiment = smallExperiment(model, binaryTasks, settings('mean'));
    const { served, own, choice, progress, records } = await trained(experiment, dataset);
    expect(served).toHaveLength(model === ple ? 2 : 1); // networks of one task each are in one set
    for (const [index, { bestEpoch }] of [...progress.tasks, progress.choice].entries()) {
      const shorter = { ...experiment, train: { ...experiment.train, epochs: bestEpoch, keep: 'last' as const } };
      const last = await trained(shorter, dataset);
      expect(last.records.map(({ validation }) => validation)).toEqual(
        records.slice(0, bestEpoch).map(({ validation }) => validation),
      );
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
  }
});

test('with keep: one, a network’s tasks have the epoch that the monitor chooses; networks of one task have their own', async () => {
  const { dataset } = made();
  for (const monitor of ['mean', 'task:share'])
    for (const model of [ple, '{ type: single-task, levels: [[8]], tower: [8] }']) {
      const experiment = smallExperiment(model, binaryTasks, settings(monitor));
      const best = await trained(experiment, dataset);
      const one = await trained({ ...experiment, train: { ...experiment.train, keep: 'one' } }, dataset);
      const result = measuredResult(
        { ...experiment, train: { ...experiment.train, keep: 'one' } },
        setUp(experiment, dataset, compiled),
        one,
        one.records,
      );
      expect(one.served).toHaveLength(1);
      expect(one.choice).toBeUndefined();
      expect(one.own).toEqual(model === ple ? best.choice : best.own);
      expect(result.oneEpoch).toBeUndefined();
      expect(one.records.map(({ validation }) => validation)).toEqual(best.records.map(({ validation }) => validation));
    }
});

test('with keep: last no epoch is chosen', async () => {
  const { dataset } = made();
  const experiment = smallExperiment(ple, binaryTasks, 'epochs: 4, keep: last');
  const last = await trained(experiment, dataset);
  const result = measuredResult(experiment, setUp(experiment, dataset, compiled), last, last.records);
  expect(result).toMatchObject({ bestEpoch: { click: 4, share: 4 }, ended: 'budget', epochs: 4 });
  expect(result.oneEpoch).toBeUndefined();
  expect(result.tasks['click']?.validation).toEqual(last.records.at(-1)?.validation['click']);
});
