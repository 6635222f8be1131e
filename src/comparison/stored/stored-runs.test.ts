import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
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
  writeFileSync(at('runs/comparison.json'), JSON.stringify({ schema: 1, name: 'c', seeds: [1], rows: [row] }));
  expect(readStoredRuns(at('runs'))[0]?.rows[0]?.runs[0]?.run?.result.seed).toBe(1);
  rmSync(at('runs/a'), { recursive: true });
  cpSync(at('runs/b'), at('runs/a'), { recursive: true });
  expect(() => readStoredRuns(at('runs'))).toThrow(
    /a is a run of single-task with seed 2, and the comparison .* has single-task with seed 1 there: put the run back, or delete its folder/,
  );
});

test.each([
  ['later version', { schema: 3 }],
  ['its looks are damaged', { schema: 2, looks: [{ seeds: 3, of: [1, 2, 3], plan: [3], alpha: 0.05, level: null }] }],
  ['its looks are damaged', { schema: 2 }],
])('a comparison.json is refused with its cause: %s', (cause, content) => {
  writeFileSync(at('comparison.json'), JSON.stringify({ rows: [], seeds: [1], ...content }));
  expect(() => readStoredRuns(at('.'))).toThrow(cause);
});

test.each(['{}', 'null', '[]'])('a comparison.json of %s is told by its name', (text) => {
  writeFileSync(at('comparison.json'), text);
  expect(() => readStoredRuns(at('.'))).toThrow(
    /^Cannot read .*comparison\.json: it is no comparison\. Put it back, or delete it/,
  );
});

describe('a damaged predictions.arrow is told with its name and what to do', () => {
  const damaged = async (damage: (file: string) => unknown) => {
    await store('run');
    const [file, run] = [at('run/predictions.arrow'), readStoredRuns(at('run'))[0]?.rows[0]?.runs[0]?.run];
    expect(await run?.predictions()).toHaveLength(1);
    await damage(file);
    const error: unknown = await run?.predictions().catch((thrown) => thrown);
    if (!(error instanceof DataError)) throw new Error(`This is no DataError: ${error}`);
    expect(error.message).toContain(`Delete it to go on without it`);
    expect(error.message).toContain(`delete ${at('run')} and train the run again.`);
    return error.message.replace(file, 'FILE').split('. ')[0];
  };

  test.each([100, 700])('cut short after %d bytes', async (bytes) => {
    expect(await damaged((file) => truncateSync(file, bytes))).toBe('Cannot read FILE: it is cut short');
  });

  test.each(['', 'ARR', 'something else'])('that is %j', async (text) => {
    expect(await damaged((file) => writeFileSync(file, text))).toBe('Cannot read FILE: it is not an Arrow file');
  });

  test('that is not there any more', async () => {
    expect(await damaged((file) => rmSync(file))).toMatch(/^Cannot read FILE: ENOENT/);
  });

  test('of another number of rows', async () => {
    await store('longer', { tasks: { click: { type: 'binary', logits: [0, 1, 2], labels: [0, 1, 1] } } });
    const other = (file: string) => cpSync(at('longer/predictions.arrow'), file);
    expect(await damaged(other)).toBe("FILE has 3 rows, and the run's test split 4");
  });
});

test('how a run of an earlier version ended is told by its epochs', async () => {
  const ended = () => readStoredRuns(at('run'))[0]?.rows[0]?.runs[0]?.run?.result.ended;
  await store('run'); // three equal epochs, of three
  expect(ended()).toBe('plateau');
  const epochs = readFileSync(at('run/epochs.jsonl'), 'utf8').trim().split('\n');
  const worse = epochs.map((line, index) => (index < 2 ? line.replace(/"auc":[^,]*/, '"auc":0.5') : line));
  writeFileSync(at('run/epochs.jsonl'), worse.join('\n'));
  expect(ended()).toBe('limit');
  edit('run/result.json', '"epochs":3', '"ended":"plateau","epochs":3');
  expect(ended()).toBe('plateau'); // what a run says itself is not computed again
});
