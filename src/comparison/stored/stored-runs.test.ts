import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folderPerTest } from '../../support/folder.fixture.js';
import { readRun } from '../../training/finished-run.js';
import { readEnvironment } from '../../training/folder/environment.js';
import { readComparison } from '../comparison.js';
import { type StoredTask, storeRun, storeTable } from './stored-run.fixture.js';
import { readStoredRuns } from './stored-runs.js';

const at = folderPerTest();
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

test('a folder whose files are not of one run is refused, with its name and what to do', async () => {
  await store('run');
  edit('run/config.yaml', 'batchSize: 5', 'batchSize: 6');
  expect(() => readRun(at('run'))).toThrow(
    new RegExp(
      `^${at('run')} holds files of different runs[^\n]*config\\.yaml [^\n]* have the hash [0-9a-f]{8}, and [0-9a-f]{8} was trained[^\n]*delete the folder and train the run again\\.$`,
    ),
  );
});

test('a run that lies where a comparison has another one is refused', async () => {
  await store('runs/a', { name: 'run' });
  await store('runs/b', { name: 'run', seed: 2 });
  const runs = [{ seed: 1, path: 'a', status: 'done' }];
  storeTable(at('runs'), { models: [{ label: 'm', type: 'single-task', point: {}, runs }] });
  expect(readStoredRuns(at('runs')).rows[0]?.runs[0]?.run?.result.seed).toBe(1);
  rmSync(at('runs/a'), { recursive: true });
  cpSync(at('runs/b'), at('runs/a'), { recursive: true });
  expect(() => readStoredRuns(at('runs'))).toThrow(
    /a is a run of single-task with seed 2, and the comparison .* has single-task with seed 1 there: put the run back, or delete its folder/,
  );
});

test('models are as they were, with what is missing', async () => {
  const models = [];
  for (const [label, type] of [
    ['base', 'single-task'],
    ['m', 'mmoe'],
  ] as const) {
    for (const seed of [2, 1])
      await store(`c/${label}-${seed}`, {
        name: label,
        seed,
        ...(type === 'mmoe' ? { model: { type, experts: 2 } } : {}),
      });
    const runs = [2, 1].map((seed) => ({ seed, path: `${label}-${seed}`, status: 'done' }));
    models.push({ label, type, point: {}, runs });
  }
  storeTable(at('c'), { seeds: [1, 2], models });
  rmSync(at('c/m-1'), { recursive: true });
  const stored = readStoredRuns(at('c'));
  const found = stored.rows.map(({ label, runs }) => [label, ...runs.map(({ path, status }) => [path, status])]);
  expect(found).toEqual([
    ['base', [at('c/base-2'), 'done'], [at('c/base-1'), 'done']],
    ['m', [at('c/m-2'), 'done'], [at('c/m-1'), 'missing']],
  ]);
  expect(stored.notes).toEqual([`${at('c/m-1')} (m, seed 1) is missing and is left out.`]);
});

test.each([
  ['it is not 7, so another version of ple wrote the file', { schema: 6 }],
  ['the file has no checksum', { sha256: undefined }],
])('a comparison.json is refused with its cause: %s', (cause, content) => {
  const text = storeTable(at('.'), 'schema' in content ? content : {});
  if ('sha256' in content) writeFileSync(at('comparison.json'), JSON.stringify({ ...JSON.parse(text), ...content }));
  expect(() => readStoredRuns(at('.'))).toThrow(cause);
});

describe('a file that is not what was written is refused with its name', () => {
  const flip = (file: string, at: number) => {
    const bytes = readFileSync(file);
    bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };
  const read = () => readRun(at('run'));

  test('a number of result.json', async () => {
    await store('run');
    edit('run/result.json', '"network":12', '"network":13');
    expect(read).toThrow(/^Cannot read .*result\.json: its content is not what was written \(SHA-256\)\. Delete /);
  });

  test.each(['epochs.jsonl', 'checkpoints/best.safetensors'])('%s', async (name) => {
    await store('run');
    flip(at('run', name), -2);
    expect(read).toThrow(`${at('run', name)} is not what the run wrote (SHA-256). Put it back, or delete ${at('run')}`);
  });

  test('environment.json: only a run that goes on can do without it', async () => {
    await store('run');
    writeFileSync(at('run/environment.json'), '{');
    expect(() => readEnvironment(at('run'))).toThrow(/environment\.json: .*Put it back, or delete .*run and train/);
    rmSync(at('run/result.json'));
    expect(() => readEnvironment(at('run'))).toThrow(/environment\.json: .*Delete the file: the run continues without/);
  });

  test('a number of comparison.json, but not its timing', () => {
    const written = JSON.parse(storeTable(at(), {}));
    const write = (change: object) => writeFileSync(at('comparison.json'), JSON.stringify({ ...written, ...change }));
    write({ timing: { seconds: 9 } });
    expect(readComparison(at()).timing).toEqual({ seconds: 9 });
    write({ seeds: [2] });
    expect(() => readComparison(at())).toThrow(/comparison\.json: its content is not what was written/);
  });

  test('but predictions and checkpoints may be deleted, and name and engine of a config may be changed, which is noted', async () => {
    await store('run');
    rmSync(at('run/predictions.arrow'));
    rmSync(at('run/checkpoints'), { recursive: true });
    expect(read()).toMatchObject({ hasPredictions: false, notes: [] });
    edit('run/config.yaml', 'name: run', 'name: renamed\nengine: { threads: 1 }');
    expect(read()?.notes).toEqual([expect.stringMatching(/config\.yaml was edited after the run/)]);
    rmSync(at('run/gates.json'));
    expect(read).toThrow(/gates\.json is gone\. Put it back/);
  });
});

test('rows that commands made are kept as such; others made elsewhere are left out, which is noted', async () => {
  await store('c/base', { name: 'base' });
  const base = { label: 'base', type: 'single-task', point: {}, runs: [{ seed: 1, path: 'base', status: 'done' }] };
  const rowOf = (label: string) => {
    const runs = [{ seed: 1, path: `commands/${label}/seed-1/predictions.csv`, status: 'done' }];
    return { label, type: 'external', point: {}, runs };
  };
  storeTable(at('c'), { models: [base, rowOf('boosting'), rowOf('elsewhere')] });
  mkdirSync(at('c/commands/boosting/seed-1'), { recursive: true });
  writeFileSync(at('c/commands/boosting/seed-1/task.json'), '{}');
  const { rows, external, notes } = readStoredRuns(at('c'));
  expect([rows, external].map((some) => some.map(({ label }) => label))).toEqual([['base'], ['boosting']]);
  expect(notes).toEqual([
    `${at('c')}: 'elsewhere' was made elsewhere and is left out: give it again with --predictions.`,
  ]);
});
