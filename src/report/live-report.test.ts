import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { plannedRuns, smallConfig } from '../comparison/plan/planned-runs.fixture.js';
import { storeRun } from '../comparison/stored/stored-run.fixture.js';
import { openLiveReport } from './live-report.js';

const markup = '<img src=x>';
const config = smallConfig(`
  seeds: 2
  models: [{ label: "${markup}", type: single-task, levels: [[2]], tower: [] }]
`);
const runs = plannedRuns(config);

test('the page shows what has finished and what trains, and reloads itself until the training has ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'live-'));
  onTestFinished(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const file = join(folder, 'report.html');
  const page = () => readFileSync(file, 'utf8');
  const notes: string[] = [];
  const open = () => openLiveReport(folder, config, 'ple compare', (note) => notes.push(note));
  const [first, second] = runs;
  if (!first || !second) throw new Error('two runs');

  const task = { type: 'regression', logits: [1, 2], labels: [1, 1] } as const;
  const live = open();
  live.on({ kind: 'stage', stage: 'runs', runs, folder });
  await live.close('Ended by an error.');
  expect(existsSync(file)).toBe(false); // a report of earlier runs stays

  await storeRun(join(folder, '0'), { name: 'run-1', seed: 1, tasks: { y1: task, y2: task } });
  const { hash8 } = JSON.parse(readFileSync(join(folder, '0', 'environment.json'), 'utf8'));
  const other = open();
  other.on({ kind: 'stage', stage: 'runs', runs: [{ ...first, hash8 }, second], folder });
  other.on({ kind: 'begun', run: first });
  other.on({ kind: 'ended', run: first, outcome: { status: 'done' }, seconds: 1, scores: [] });
  other.on({ kind: 'begun', run: second });
  expect(existsSync(file)).toBe(false);
  vi.runAllTimers();
  await vi.waitFor(page, 10_000);
  expect(page()).toContain('1 of 2 runs done, 1 training.');
  expect(page()).toContain('&lt;img src=x&gt;, seed 2 after epoch 0 of at most 9');
  expect(page()).toContain('1 of 2 runs</span>');
  expect(page()).not.toContain('<section id="why"');
  expect(page()).toContain('0.50000'); // the finished run's error
  expect(page()).toMatch(/data-written="\d{13}"/); // the script reloads what has it
  expect(page()).toContain('<section id="learning"');
  expect(page()).not.toContain('<img');

  other.on({ kind: 'ended', run: second, outcome: { status: 'failed', message: 'no memory' }, seconds: 1, scores: [] });
  await other.close('Interrupted.');
  expect(page()).toContain(`&lt;img src=x&gt;, seed 2: no memory`);
  expect(page()).toContain('Interrupted.');
  expect(page()).not.toMatch(/data-written="/);

  const last = open();
  last.on({ kind: 'stage', stage: 'runs', runs, folder });
  last.on({ kind: 'begun', run: second });
  writeFileSync(file, 'the report');
  await last.close();
  vi.runAllTimers();
  expect(page()).toBe('the report');
  expect(notes).toEqual([]);
});
