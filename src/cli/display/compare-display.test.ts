import { expect, onTestFinished, test, vi } from 'vitest';
import type { Run } from '../../comparison/plan/run.js';
import { parseComparison } from '../../config/comparison.js';
import { definitions } from '../../training/definitions.js';
import { openCompareDisplay } from './compare-display.js';
import { recordingStream } from './stream.fixture.js';

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
const run: Run = {
  ...{ label, point: {}, seed: 1, changes: {}, experiment: config.experiment(label, {}, 1) },
  ...{ hash8: '01234567', checksum: '', folder: 'shown-01234567', state: 'planned' },
};

test('labels, tasks and messages steer no terminal, and a name stays on its line', () => {
  const { stream, written } = recordingStream(false);
  const display = openCompareDisplay(stream, config);
  display.show({ kind: 'planned', stage: 'runs', runs: 1, unfinished: [run], jobs: 1, threads: 1 });
  display.show({ kind: 'begun', run });
  display.show({ kind: 'started again', run, reason: 'killed' });
  const scores = [{ task: 'y1\u009b1m', metric: 'mse', value: 0.5 }];
  display.show({ kind: 'ended', run, outcome: { status: 'done' }, seconds: 2, scores });
  display.show({
    kind: 'ended',
    run,
    outcome: { status: 'failed', message: 'a \u001b[2J\nstack' },
    seconds: 2,
    scores,
  });
  const [, ...lines] = written().flatMap((text) => text.trimEnd().split('\n'));
  expect(lines).toEqual([
    'two\ufffd[2J\ufffdlines seed 1 is started again from its checkpoint: killed',
    '1/1 two\ufffd[2J\ufffdlines seed 1  y1\ufffd1m mse 0.5000  2.0 s',
    '2/1 two\ufffd[2J\ufffdlines seed 1  failed: a \ufffd[2J',
    'stack',
  ]);
});

test.each([
  [false, undefined, '  auc 0.7001'],
  [true, 100, '  … 5 more tasks  2.0 s'],
])('the line of a finished run shortens labels, and cuts no number (terminal: %s)', (isTTY, columns, end) => {
  const { stream, written } = recordingStream(isTTY, columns);
  const display = openCompareDisplay(stream, config);
  const named = {
    ...run,
    label: 'a model with a very long label',
    point: { 'loss.weights.y2.initial': 0.0625 },
    seed: 12,
  };
  const scores = [0, 1, 2, 3, 4, 5].map((t) => ({ task: `a task ${t}`, metric: 'auc', value: 0.7001 + t / 100 }));
  display.show({ kind: 'planned', stage: 'runs', runs: 1, unfinished: [named], jobs: 1, threads: 1 });
  display.show({ kind: 'ended', run: named, outcome: { status: 'done' }, seconds: 2, scores });
  display.close();
  const text = written().find((text) => text.includes('seed 12')) ?? '';
  expect(text).toContain('1/1 a model with… long label weight of y2 0.0625 seed 12  a task 0 auc 0.7001  ');
  if (isTTY) expect(text.trimEnd().endsWith(end)).toBe(true);
  else for (const { task, value } of scores) expect(text).toContain(`${task} auc ${value.toPrecision(4)}  `);
});

test('on a terminal a bar below the lines of finished runs says how long it takes until all have ended', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { stream, written } = recordingStream(true, 80);
  const display = openCompareDisplay(stream, config);
  const runs = [1, 2, 3].map((seed) => ({ ...run, label: 'ple', seed, folder: `ple-${seed}` }));
  const [first = run, second = run, third = run] = runs;
  const step = { kind: 'step', epoch: 2, step: 1, steps: 2 } as const;
  display.show({ kind: 'planned', stage: 'runs', runs: 3, unfinished: runs, jobs: 1, threads: 1 });
  display.show({ kind: 'begun', run: first });
  vi.advanceTimersByTime(60_000);
  display.show({ kind: 'ended', run: first, outcome: { status: 'done' }, seconds: 60, scores: [] });
  display.show({ kind: 'begun', run: second });
  display.show({ kind: 'report', run: second, report: { kind: 'start', resumedAt: 2 } });
  display.show({ kind: 'report', run: second, report: step });
  vi.advanceTimersByTime(2000);
  display.show({ kind: 'report', run: second, report: step });
  vi.advanceTimersByTime(200);
  expect(written().findLast((text) => text.startsWith('all runs'))).toMatch(/^all runs =+ +58 % {2}1\/3 runs/); // .25 runs are too little to tell
  display.show({ kind: 'ended', run: second, outcome: { status: 'failed', message: 'no' }, seconds: 1, scores: [] });
  display.show({ kind: 'begun', run: third });
  vi.advanceTimersByTime(7800);
  display.show({ kind: 'report', run: third, report: step });
  vi.advanceTimersByTime(200);
  expect(written().findLast((text) => text.startsWith('all runs'))).toMatch(
    /^all runs =+ +91 % {2}2 s left {2}2\/3 runs/,
  ); // 1.25 runs took 10 s: an epoch of the second run was trained before
  display.close();
  expect(written().filter((text) => text.endsWith('\n'))).toEqual([
    '3 runs; 1 at a time with 1 thread each\n',
    '1/3 ple seed 1  60 s\n',
    'ple seed 2 continues in epoch 2\n',
    '2/3 ple seed 2  failed: no\n',
  ]);
});

test('elsewhere a line every ten seconds says how many runs have finished, and about how long the rest takes', () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { stream, written } = recordingStream(false);
  const display = openCompareDisplay(stream, config);
  vi.advanceTimersByTime(30_000); // the plan is made
  const runs = [1, 2, 3, 4].map((seed) => ({ ...run, label: 'ple', seed, folder: `ple-${seed}` }));
  display.show({ kind: 'planned', stage: 'runs', runs: 4, unfinished: runs, jobs: 2, threads: 1 });
  const [first = run, second = run, third = run] = runs;
  for (const one of [first, second]) display.show({ kind: 'begun', run: one });
  display.show({ kind: 'report', run: second, report: { kind: 'step', epoch: 1, step: 1, steps: 100 } }); // says nothing yet
  vi.advanceTimersByTime(10_000);
  display.show({ kind: 'ended', run: first, outcome: { status: 'done' }, seconds: 12, scores: [] });
  display.show({ kind: 'begun', run: third });
  display.show({ kind: 'report', run: second, report: { kind: 'step', epoch: 2, step: 1, steps: 2 } });
  vi.advanceTimersByTime(10_000);
  display.close();
  vi.advanceTimersByTime(60_000);
  expect(written()).toEqual([
    '4 runs; 2 at a time with 1 thread each\n',
    '0 of 4 runs finished, 2 training\n',
    '1/4 ple seed 1  12 s\n',
    '1 of 4 runs finished, 2 training; about 26 s left\n', // 1.75 of 4 runs took 20 s
  ]);
});

test('what came out of single runs is told at the end, with their names; what all have, once and at once', () => {
  const { stream, written } = recordingStream(false);
  const display = openCompareDisplay(stream, config);
  const note = (of: Partial<Run>, message: string, ofRun = {}) =>
    display.show({
      ...{ kind: 'report', run: { ...run, label: 'ple', ...of } },
      report: { kind: 'note', message, ...ofRun },
    });
  const ofRun = { ofRun: true } as const;
  for (const seed of [3, 1, 1]) note({ seed }, 'The last epoch was the best.', ofRun);
  note({ label: 'mmoe', seed: 2, point: { 'dataset.correlation': 0.4 } }, 'The last epoch was the best.', ofRun);
  for (const seed of [1, 2]) note({ seed }, 'The data are odd.');
  display.show({ kind: 'planned', stage: 'runs', runs: 1, unfinished: [], jobs: 1, threads: 1 });
  note({ seed: 2 }, 'No AUC.', ofRun);
  display.close();
  display.close();
  expect(written()).toEqual([
    'note: The data are odd.\n',
    '1 run, 1 of them finished already\n',
    'note: ple seed 3, ple seed 1, mmoe correlation 0.4 seed 2: The last epoch was the best.\n',
    'note: ple seed 2: No AUC.\n',
  ]);
});
