import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sealed } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import { folderPerTest } from '../../support/folder.fixture.js';
import { readComparison } from './comparison-file.js';
import { type StoredTask, storeRun } from './stored-run.fixture.js';
import { readStoredRuns } from './stored-runs.js';

const at = folderPerTest();
const click = (logits: readonly number[]): Record<string, StoredTask> => ({
  click: { type: 'binary', logits, labels: [0, 1, 0, 1] },
});
/** Its files can be edited: without checksums, as earlier versions stored runs. */
const store = (path: string, run: Partial<Parameters<typeof storeRun>[1]> = {}) =>
  storeRun(at(path), { name: path, seed: 1, tasks: click([0, 1, 2, 3]), unsealed: true, ...run });
const edit = (file: string, from: string, to: string) => {
  const text = readFileSync(at(file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(at(file), text.replace(from, to));
};

/** A comparison.json without a checksum, of one run. */
function compareRun(path: string): void {
  const row = { label: 'm', type: 'single-task', axis: {}, tasks: {}, runs: [{ seed: 1, path, status: 'done' }] };
  writeFileSync(at('runs/comparison.json'), JSON.stringify({ schema: 1, name: 'c', seeds: [1], rows: [row] }));
}

describe('a folder whose files are not of one run is refused, with its name and what to do', () => {
  const refused = (path: string, reason: RegExp) => {
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

  test('but not one whose name, engine or paths were changed', async () => {
    await store('run');
    edit('run/config.yaml', 'name: run', 'name: renamed\nengine: { threads: 1 }');
    expect(readStoredRuns(at('run'))[0]?.rows[0]?.label).toBe('renamed');
  });
});

test('a run that lies where a comparison has another one is refused', async () => {
  await store('runs/a', { name: 'run' });
  await store('runs/b', { name: 'run', seed: 2 });
  compareRun('a');
  expect(readStoredRuns(at('runs'))[0]?.rows[0]?.runs[0]?.run?.result.seed).toBe(1);
  rmSync(at('runs/a'), { recursive: true });
  cpSync(at('runs/b'), at('runs/a'), { recursive: true });
  expect(() => readStoredRuns(at('runs'))).toThrow(
    /a is a run of single-task with seed 2, and the comparison .* has single-task with seed 1 there: put the run back, or delete its folder/,
  );
});

const table = {
  ...{ name: 'c', baseline: 'm', tasks: [], seeds: [1], axes: {}, uncertainty: 'seeds', margins: {}, taskWeights: {} },
  ...{ rows: [], contrasts: [], notes: [], timing: {} },
};
test.each([
  ['later version', { schema: 5 }],
  ['looks: Invalid input', { schema: 2 }],
])('a comparison.json is refused with its cause: %s', (cause, content) => {
  writeFileSync(at('comparison.json'), JSON.stringify({ ...table, ...content }));
  expect(() => readStoredRuns(at('.'))).toThrow(cause);
});

describe('a damaged predictions.arrow is told with its name and what to do', () => {
  const damaged = async (damage: (file: string) => unknown) => {
    await store('run');
    const [file, run] = [at('run/predictions.arrow'), readStoredRuns(at('run'))[0]?.rows[0]?.runs[0]?.run];
    expect(await run?.predictions()).toHaveLength(1);
    await damage(file);
    const error: unknown = await run?.predictions().catch((thrown) => thrown);
    if (!(error instanceof DataError)) throw new Error(`This is no DataError: ${error}`);
    expect(error.message).toMatch(/Delete it to go on without it .*--uncertainty seeds/);
    expect(error.message).toContain(`delete ${at('run')} and train the run again.`);
    return error.message.replace(file, 'FILE').split('. ')[0];
  };

  test('cut short', async () => {
    expect(await damaged((file) => truncateSync(file, 700))).toBe('Cannot read FILE: it is cut short');
  });

  test('of another kind', async () => {
    expect(await damaged((file) => writeFileSync(file, 'something else'))).toBe(
      'Cannot read FILE: it is not an Arrow file',
    );
  });
});

describe('a file that is not what was written is refused with its name', () => {
  const flip = (file: string, at: number) => {
    const bytes = readFileSync(file);
    bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };
  const sealedRun = (path: string, seed = 1) => store(path, { name: 'run', seed, unsealed: false });
  const read = () => readStoredRuns(at('run'))[0]?.rows[0]?.runs[0]?.run;

  test('a number of result.json', async () => {
    await sealedRun('run');
    edit('run/result.json', '"network":12', '"network":13');
    expect(read).toThrow(/^Cannot read .*result\.json: its content is not what was written \(SHA-256\)\. Delete /);
  });

  test.each(['epochs.jsonl', 'checkpoints/best.safetensors'])('%s', async (name) => {
    await sealedRun('run');
    flip(at('run', name), -2);
    expect(read).toThrow(`${at('run', name)} is not what the run wrote (SHA-256). Put it back, or delete ${at('run')}`);
  });

  test('a number of comparison.json, but not its timing', () => {
    const write = (change: object) =>
      writeFileSync(
        at('comparison.json'),
        JSON.stringify({ ...sealed({ schema: 2, ...table, looks: [] }), ...change }),
      );
    write({ timing: { seconds: 9 } });
    expect(readComparison(at()).timing).toEqual({ seconds: 9 });
    write({ seeds: [2] });
    expect(() => readComparison(at())).toThrow(/comparison\.json: its content is not what was written/);
  });

  test('but predictions and checkpoints may be deleted, and a config may be renamed, which is noted', async () => {
    await sealedRun('run');
    rmSync(at('run/predictions.arrow'));
    rmSync(at('run/checkpoints'), { recursive: true });
    expect(read()).toMatchObject({ hasPredictions: false, notes: [] });
    edit('run/config.yaml', 'name: run', 'name: renamed');
    expect(read()?.notes).toEqual([expect.stringMatching(/config\.yaml was edited after the run/)]);
    rmSync(at('run/gates.json'));
    expect(read).toThrow(/gates\.json is gone\. Put it back/);
  });
});

test('a comparison without a checksum that names a run outside of its folder is refused', async () => {
  await store('a', { name: 'run' });
  mkdirSync(at('runs'));
  for (const path of ['b/../../a', at('a')]) {
    compareRun(path);
    expect(() => readStoredRuns(at('runs'))).toThrow(/comparison\.json names a run outside of its folder/);
  }
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
