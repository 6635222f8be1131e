import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event } from '../../comparison/execute/executor.js';
import type { Run } from '../../comparison/plan/run.js';
import { parseComparison } from '../../config/comparison.js';
import { definitions } from '../../training/definitions.js';
import { openCompareDisplay } from './compare-display.js';
import { recordingStream } from './stream.fixture.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const config = parseComparison(
  `name: shown
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 2, batchSize: 10, optimizer: { type: adam } }
compare: { seeds: 1, models: [{ label: ple, type: single-task, levels: [[2]], tower: [] }] }
`,
  'shown.yaml',
  [],
  definitions,
);
const run: Run = {
  ...{ label: 'ple', point: {}, seed: 1, changes: {}, experiment: config.experiment('ple', {}, 1) },
  ...{ hash8: '01234567', checksum: '', folder: 'shown-01234567', state: 'planned' },
};
const runs = [1, 2, 3].map((seed) => ({ ...run, seed, folder: `ple-${seed}` }));
const [first = run, second = run, third = run] = runs;

/** What the display writes for these events; a number is seconds that pass. */
function shown(isTTY: boolean, events: readonly (Event | number)[]): string[] {
  const { stream, written } = recordingStream(isTTY, 80);
  const display = openCompareDisplay(stream, config);
  for (const event of events) {
    if (typeof event === 'number') vi.advanceTimersByTime(1000 * event);
    else display.show(event);
  }
  display.close();
  display.close();
  return written();
}

const planned = (unfinished: readonly Run[]): Event => {
  return { kind: 'planned', stage: 'runs', runs: 3, unfinished, jobs: 1, threads: 1 };
};
const ended = (run: Run, more = {}): Event => {
  return { kind: 'ended', run, outcome: { status: 'done' }, seconds: 60, scores: [], ...more };
};
const step = (run: Run): Event => {
  return { kind: 'report', run, report: { kind: 'step', epoch: 2, step: 1, steps: 2 } };
};
const failed = { outcome: { status: 'failed', message: 'no' } };
const events = [
  ...[planned(runs), { kind: 'begun', run: first } as const, 60, ended(first), { kind: 'begun', run: second } as const],
  ...[{ kind: 'report', run: second, report: { kind: 'start', resumedAt: 2 } } as const, step(second), 2, step(second)],
  ...[ended(second, failed), { kind: 'begun', run: third } as const, 8, step(third), 0.2],
];

test('on a terminal a bar of all runs lies below the lines, at the rate since a run was resumed', () => {
  const texts = shown(true, events);
  expect(texts.filter((text) => text.endsWith('\n'))).toEqual([
    '3 runs; 1 at a time with 1 thread each\n',
    '1/3 ple seed 1  60 s\n',
    'ple seed 2 continues in epoch 2\n',
    '2/3 ple seed 2  failed: no\n',
  ]);
  // 1.25 runs took 10 s: an epoch of the second run was trained before.
  expect(texts.findLast((text) => text.startsWith('all runs'))).toMatch(/^all runs =+ +91 % {2}2 s left {2}2\/3 runs/);
});

test('elsewhere a line every ten seconds says how many runs have finished, and how long the rest takes', () => {
  expect(shown(false, [...events, 2, step(third)]).filter((text) => text.startsWith('all runs'))).toEqual([
    'all runs  2 min left  1/3 runs\n',
    'all runs  3 s left  2/3 runs\n',
  ]);
});

test('labels, tasks and messages steer no terminal; a bug has its stack', () => {
  const wild = { ...run, label: 'two\u001b[2J\nlines' };
  const scores = [
    { task: 'y1\u009b1m', metric: 'mse', value: 0.5 },
    { task: 'y2', metric: 'auc', value: null },
  ];
  const failed = { status: 'failed', message: 'a \u001b[2J\nstack' };
  const texts = shown(false, [
    planned([]),
    { kind: 'started again', run: wild, reason: 'killed' },
    ended(wild, { scores, seconds: 2 }),
    ended(wild, { outcome: failed }),
    ended(wild, { outcome: { status: 'interrupted' } }),
  ]);
  expect(texts).toEqual([
    '3 runs, 3 of them finished already\n',
    'two\ufffd[2J\ufffdlines seed 1 is started again from its checkpoint: killed\n',
    '4/3 two\ufffd[2J\ufffdlines seed 1  y1\ufffd1m mse 0.5000  y2 auc -  2.0 s\n',
    '5/3 two\ufffd[2J\ufffdlines seed 1  failed: a \ufffd[2J\n',
    'stack\n',
  ]);
});

test('what came out of single runs is told at the end, with their names; what all have, once and at once', () => {
  const note = (of: Partial<Run>, message: string, ofRun = {}): Event => {
    return { kind: 'report', run: { ...run, ...of }, report: { kind: 'note', message, ...ofRun } };
  };
  const ofRun = { ofRun: true } as const;
  const last = 'The last epoch was the best.';
  const texts = shown(false, [
    ...[3, 1, 1].map((seed) => note({ seed }, last, ofRun)),
    note({ label: 'mmoe', seed: 2, point: { 'dataset.correlation': 0.4 } }, last, ofRun),
    ...[1, 2].map((seed) => note({ seed }, 'The data are odd.')),
    ...[1, 2, 3, 4, 5, 6].map((seed) => note({ seed }, 'No AUC.', ofRun)),
  ]);
  expect(texts).toEqual([
    'note: The data are odd.\n',
    `note: ple seed 3, ple seed 1, mmoe correlation 0.4 seed 2: ${last}\n`,
    'note: 6 runs: No AUC.\n',
  ]);
});
