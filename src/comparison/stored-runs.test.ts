import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError } from '../support/errors.js';
import { type StoredTask, storeRun } from './stored-run.fixture.js';
import { readStoredRuns } from './stored-runs.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-stored-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => join(folder, ...names);
const click = (logits: readonly number[]): Record<string, StoredTask> => ({
  click: { type: 'binary', logits, labels: [0, 1, 0, 1] },
});
const store = (path: string, run: Partial<Parameters<typeof storeRun>[1]> = {}) =>
  storeRun(at(path), { name: path, seed: 1, tasks: click([0, 1, 2, 3]), ...run });
const edit = (file: string, from: string, to: string) => {
  const text = readFileSync(at(file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(at(file), text.replace(from, to));
};

describe('a folder whose files are not of one run is refused, with its name and what to do', () => {
  const refused = (path: string, reason: RegExp) => {
    expect(() => readStoredRuns(at(path))).toThrow(DataError);
    expect(() => readStoredRuns(at(path))).toThrow(reason);
    expect(() => readStoredRuns(at(path))).toThrow(
      new RegExp(`^${at(path)} holds files of different runs[^\n]*delete the folder and train the run again\\.$`),
    );
  };

  test('an edited config.yaml', async () => {
    await store('run');
    edit('run/config.yaml', 'batchSize: 5', 'batchSize: 6');
    refused('run', /config\.yaml .* have the hash [0-9a-f]{8}, and [0-9a-f]{8} was trained/);
  });

  test('an edited seed, which its result does not have', async () => {
    await store('run');
    edit('run/config.yaml', 'seed: 1', 'seed: 2');
    refused('run', /config\.yaml is of single-task with seed 2, its result\.json of single-task with seed 1/);
  });

  test.each([
    ['of another model', { model: { type: 'hard-sharing' } }],
    ['on other data', { checksum: 'other' }],
    ['of fewer epochs', { epochs: 2 }],
    ['of another learning rate', { tasks: click([0, 2, 1, 3]) }],
  ])('a result.json %s', async (_, run) => {
    await store('run');
    await store('other', run);
    cpSync(at('other/result.json'), at('run/result.json'));
    refused('run', /result\.json/);
  });

  test('but not one whose name, engine or paths were changed', async () => {
    await store('run');
    edit('run/config.yaml', 'name: run', 'name: renamed\nengine: { threads: 1 }');
    expect(readStoredRuns(at('run'))[0]?.rows[0]?.label).toBe('renamed');
  });
});

test('a run that lies where a comparison has another one is refused', async () => {
  await store('runs/a', { name: 'run' });
  await store('runs/b', { name: 'run', seed: 2 });
  const row = { label: 'm', type: 'single-task', axis: {}, tasks: {}, runs: [{ seed: 1, path: 'a', status: 'done' }] };
  writeFileSync(at('runs/comparison.json'), JSON.stringify({ schema: 1, name: 'c', rows: [row] }));
  expect(readStoredRuns(at('runs'))[0]?.rows[0]?.runs[0]?.run?.result.seed).toBe(1);
  rmSync(at('runs/a'), { recursive: true });
  cpSync(at('runs/b'), at('runs/a'), { recursive: true });
  expect(() => readStoredRuns(at('runs'))).toThrow(
    /a is a run of single-task with seed 2, and the comparison .* has single-task with seed 1 there: put the run back, or delete its folder/,
  );
});
