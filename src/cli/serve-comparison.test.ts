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
  ['together.csv', 1],
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
  const text = readFileSync(at('together.onnx'), 'latin1');
  expect(text.match(/learningRate: [\d.]+/g)).toEqual(['learningRate: 1', 'learningRate: 0.01']);
});

test('metrics of the test rows are those of the runs that serve the tasks', () => {
  const evaluated = JSON.parse(readFileSync(at('together.json'), 'utf8')).tasks;
  const [model] = readComparison(at('runs/served')).models;
  for (const task of ['click', 'spend']) {
    const { tasks } = JSON.parse(
      readFileSync(at('runs/served', model?.runs[0]?.parts?.[task] ?? '', 'result.json'), 'utf8'),
    );
    expect(evaluated[task].metrics).toEqual(tasks[task].test);
  }
});
