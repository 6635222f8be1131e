import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readComparison } from '../comparison/comparison.js';
import { writeMixedTable } from '../serving/mixed-table.fixture.js';
import { must } from '../support/must.js';
import { readRun } from '../training/finished-run.js';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
const at = (...names: string[]) => join(folder, ...names);
writeMixedTable(folder);

testTranscript('serve-comparison', folder);

test.each([
  ['first.csv', 1],
  ['second.csv', 2],
])('each column of %s has the bits of the run that serves its task', async (file, seed) => {
  const [header = '', ...lines] = readFileSync(at(file), 'utf8').trimEnd().split('\n');
  expect(header).toBe('click.logit,spend.logit');
  const [model] = readComparison(at('runs/served')).models;
  const { parts = {} } = must(
    model?.runs.find((run) => run.seed === seed),
    'a run',
  );
  expect(new Set(Object.values(parts)).size).toBe(2);
  for (const [column, task] of ['click', 'spend'].entries()) {
    const stored = (await readRun(at('runs/served', parts[task] ?? ''))?.predictions()) ?? [];
    const { scores } = must(
      stored.find((one) => one.task.name === task),
      task,
    );
    const served = lines.map((line) => Math.fround(Number(line.split(',')[column])));
    expect(Float32Array.from(served)).toEqual(scores.logits);
  }
});

test('the ONNX file of several runs has the config of each', () => {
  const text = readFileSync(at('first.onnx'), 'latin1');
  expect(text.match(/learningRate: [\d.]+/g)).toEqual(['learningRate: 1', 'learningRate: 0.01']);
});

test('metrics of the test rows are those of the runs that serve the tasks', () => {
  const evaluated = JSON.parse(readFileSync(at('first.json'), 'utf8')).tasks;
  const [model] = readComparison(at('runs/served')).models;
  for (const task of ['click', 'spend']) {
    const { tasks } = JSON.parse(
      readFileSync(at('runs/served', model?.runs[0]?.parts?.[task] ?? '', 'result.json'), 'utf8'),
    );
    expect(evaluated[task].metrics).toEqual(tasks[task].test);
  }
});

function columnsOf(file: string): readonly (readonly number[])[] {
  const lines = readFileSync(at(file), 'utf8').trimEnd().split('\n').slice(1);
  return [0, 1].map((column) => lines.map((line) => Number(line.split(',')[column])));
}

test('without a seed a prediction is the mean of those of all seeds', () => {
  const [clicks = [], spends = []] = columnsOf('together.csv');
  const [clickLogits = [], spendLogits = []] = columnsOf('together-logits.csv');
  const seeds = [columnsOf('first.csv'), columnsOf('second.csv')];
  const { tasks } = JSON.parse(readFileSync(at('runs/served', servedBy('spend'), 'encoding.json'), 'utf8'));
  const { offset, scale } = tasks[1];
  expect(scale).not.toBe(1);
  const mean = (task: number, row: number, value: (logit: number) => number) =>
    seeds.reduce((sum, columns) => sum + value(columns[task]?.[row] ?? Number.NaN), 0) / seeds.length;
  for (const [row, click] of clicks.entries()) {
    const probability = mean(0, row, (logit) => 1 / (1 + Math.exp(-logit)));
    expect(click).toBeCloseTo(probability, 6);
    expect(clickLogits[row]).toBeCloseTo(Math.log(probability / (1 - probability)), 5);
    expect(Math.abs((spends[row] ?? 0) / mean(1, row, (logit) => logit * scale + offset) - 1)).toBeLessThan(1e-6);
    expect(spendLogits[row]).toBeCloseTo(
      mean(1, row, (logit) => logit),
      5,
    );
  }
  expect(clicks.length).toBe(203);
});

function servedBy(task: string): string {
  const [model] = readComparison(at('runs/served')).models;
  return must(model?.runs[0]?.parts?.[task], task);
}

test('metrics of all seeds together are of the mean prediction, not the mean of metrics', () => {
  const [first, all] = ['first.json', 'together.json'].map((file) => JSON.parse(readFileSync(at(file), 'utf8')));
  expect(all.rows).toBe(first.rows);
  for (const task of ['click', 'spend']) expect(all.tasks[task].metrics).not.toEqual(first.tasks[task].metrics);
});
