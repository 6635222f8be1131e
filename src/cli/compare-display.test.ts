import { WriteStream } from 'node:tty';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { PlacedRun } from '../comparison/placed-runs.js';
import { parseComparison } from '../config/comparison.js';
import { definitions } from '../training/definitions.js';
import { nameOf, openCompareDisplay } from './compare-display.js';
import { gatherRunNotes } from './run-notes.js';

const label = 'two\u001b[2J\nlines';
const config = parseComparison(
  `name: shown
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: "y1\u009b1m", type: regression }, { name: y2, type: regression }]
train: { epochs: 2, batchSize: 10, optimizer: { type: adam } }
compare:
  seeds: 1
  models: [{ label: ${JSON.stringify(label)}, type: single-task, levels: [[2]], tower: [] }]
`,
  'shown.yaml',
  [],
  definitions,
);
const run: PlacedRun = {
  ...{ label, point: {}, seed: 1, experiment: config.experiment(label, {}, 1) },
  ...{ hash8: '01234567', folder: 'shown-01234567', finished: false },
};

test('labels, tasks and messages steer no terminal, and a name stays on its line', () => {
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, { isTTY: { value: false } });
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  const display = openCompareDisplay(stream, config);
  const [job, place] = [{ experiment: run.experiment, path: 'p' }, 0];
  display.show({ kind: 'planned', stage: 'runs', runs: 1, unfinished: [run], jobs: 1, threads: 1 });
  display.show({ kind: 'job', run, event: { kind: 'begun', job, place } });
  display.show({ kind: 'job', run, event: { kind: 'started again', job, reason: 'killed' } });
  const scores = [{ task: 'y1\u009b1m', metric: 'mse', value: 0.5 }];
  display.show({ kind: 'ended', run, outcome: { status: 'done' }, seconds: 2, scores });
  display.show({
    kind: 'ended',
    run,
    outcome: { status: 'failed', message: 'a \u001b[2J\nstack' },
    seconds: 2,
    scores,
  });
  const [, ...lines] = write.mock.calls.flatMap(([text]) => String(text).trimEnd().split('\n'));
  expect(lines).toEqual([
    'two\ufffd[2J\ufffdlines seed 1 is started again from its checkpoint: killed',
    '1/1 two\ufffd[2J\ufffdlines seed 1  y1\ufffd1m mse 0.5000  2.0 s',
    '2/1 two\ufffd[2J\ufffdlines seed 1  failed: a \ufffd[2J',
    'stack',
  ]);
});

test('reading and measuring tell how far they are, a line every ten seconds where there is no terminal', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, { isTTY: { value: false } });
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  const display = openCompareDisplay(stream, config);
  for (const done of [1, 2, 3]) {
    display.show({ kind: 'reading', done: done * 2 ** 20, total: 2 ** 22 });
    vi.advanceTimersByTime(6000);
  }
  display.show({ kind: 'measuring', what: 'models' });
  for (const done of [1, 2, 3]) {
    display.show({ kind: 'measured', done, of: 11 });
    vi.advanceTimersByTime(6000);
  }
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    'Reading the data\n',
    'reading  3.0/4.0 MiB\n',
    'Measuring a few steps of each model\n',
    'measuring  3/11 models\n',
  ]);
});

test('what came out of single runs is told at the end of a stage, with their names; what all have, once and at once', () => {
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, { isTTY: { value: false } });
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  const display = openCompareDisplay(stream, config);
  const job = { experiment: run.experiment, path: 'p' };
  const note = (of: Partial<PlacedRun>, message: string, ofRun = {}) =>
    display.show({
      ...{ kind: 'job', run: { ...run, label: 'ple', ...of } },
      event: { kind: 'report', job, report: { kind: 'note', message, ...ofRun } },
    });
  const ofRun = { ofRun: true } as const;
  for (const seed of [3, 1, 1]) note({ seed }, 'The last epoch was the best.', ofRun);
  note({ label: 'mmoe', seed: 2, point: { 'dataset.correlation': 0.4 } }, 'The last epoch was the best.', ofRun);
  for (const seed of [1, 2]) note({ seed }, 'The data are odd.');
  note({ seed: 2 }, 'No AUC.', ofRun);
  display.close();
  display.close();
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    'note: The data are odd.\n',
    'note: ple seeds 1, 3; mmoe correlation 0.4 seed 2: The last epoch was the best.\n',
    'note: ple seed 2: No AUC.\n',
  ]);
});

test('of many runs with the same note it is told how many', () => {
  const notes = gatherRunNotes();
  for (const label of ['ple', 'mmoe']) {
    for (let seed = 1; seed <= 5; seed++) notes.add({ ...run, label, seed }, 'The last epoch was the best.');
  }
  expect(notes.take()).toEqual(['ple seeds 1, 2, 3, 4, 5; mmoe seeds 1, 2, 3, 4, 5: The last epoch was the best.']);
  for (let seed = 1; seed <= 7; seed++) {
    for (const label of ['ple', 'mmoe']) notes.add({ ...run, label, seed }, 'The last epoch was the best.');
  }
  expect(notes.take()).toEqual(['14 runs: The last epoch was the best.']);
});

test('the plan names runs likewise', () => {
  expect(nameOf({ ...run, point: { 'dataset.path': 'a\tb' } })).toBe('two\ufffd[2J\ufffdlines path a\ufffdb seed 1');
});

test('runs of tune are named with what they try', () => {
  const tried = {
    ...run,
    label: 'ple',
    point: { 'dataset.correlation': 1 },
    values: { 'train.optimizer.learningRate': 0.1 },
  };
  expect(nameOf(tried)).toBe('ple correlation 1 learningRate 0.1 seed 1');
});

test('a run in parts is named with the tasks of each, and what they chose is a line each', () => {
  expect(nameOf({ ...run, label: 'alone', tasks: ['y1', 'y3'] })).toBe('alone seed 1 for y1, y3');
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, { isTTY: { value: false } });
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  const display = openCompareDisplay(stream, config);
  const part = (tasks: readonly string[], epochs: number) => ({
    ...{ tasks, values: { 'train.epochs': epochs }, changes: {}, match: null },
  });
  display.show({ kind: 'decided', changes: { of: () => [part(['y1', 'y3'], 1), part(['y2'], 2)] } });
  display.show({ kind: 'decided', changes: { of: () => [{ values: {}, changes: {}, match: null }] } });
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    'two\ufffd[2J\ufffdlines for y1, y3: tuned: epochs 1\n',
    'two\ufffd[2J\ufffdlines for y2: tuned: epochs 2\n',
  ]);
});
