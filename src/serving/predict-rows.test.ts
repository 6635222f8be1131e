import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { sealed, sha256 } from '../support/checksum.js';
import { DataError } from '../support/errors.js';
import { readRun } from '../training/finished-run.js';
import { piecewise, trainedOnMixed } from './mixed-table.fixture.js';
import { expectOwnBits, expectSameBits, mixedFolder, opened, predicted } from './predict-rows.fixture.js';
import { scoreValues } from './score-rows.js';
import { readTrainedRun } from './trained-run.js';
import { withRows } from './with-rows.js';

const folder = mixedFolder();
const file = (name: string) => join(folder, name);

test('new rows get the bits of the run’s own test predictions', async () => {
  await expectOwnBits(folder, 'pepnet');
});

test('new rows get the bits of test predictions where numbers have bins', async () => {
  await expectOwnBits(folder, 'pepnet', piecewise);
});

describe('a run with all types of tasks', async () => {
  const tasks =
    '[{ name: click, type: binary }, { name: spend, type: regression, standardize: true }, { name: plan, type: multiclass }]';
  const model = '{ type: ple, levels: [[6], [4]], tower: [4], experts: { shared: 1, task: 1 }, normalization: batch }';
  const path = await trainedOnMixed(folder, tasks, model);

  test('probabilities and values in the label’s units are those of the logits, with columns kept', async () => {
    const keep = ['id', 'city', 'tags'];
    await predicted(path, file('inputs.csv'), file('out.parquet'), 'label', keep);
    const parquet = await parquetReadObjects({ file: new Uint8Array(readFileSync(file('out.parquet'))).buffer });
    const names = [
      'click.probability',
      'spend.prediction',
      ...['free', 'paid', 'team'].map((c) => `plan.probability.${c}`),
    ];
    expect(Object.keys(parquet[0] ?? {})).toEqual([...keep, ...names]);

    const scores = new Map(
      (await readRun(path)?.predictions())?.map(({ task, scores }) => [task.name, { task, scores }]),
    );
    const [click, spend, plan] = ['click', 'spend', 'plan'].map((name) => scores.get(name));
    const units = spend?.task ?? { scale: 0, offset: 0 };
    for (let row = 0; row < 203; row++) {
      const found = parquet[row] ?? {};
      expect(found['id']).toBe(String(row));
      expect(found['click.probability']).toBeCloseTo(1 / (1 + Math.exp(-(click?.scores.logits[row] ?? 0))), 6);
      expect(found['spend.prediction']).toBeCloseTo((spend?.scores.logits[row] ?? 0) * units.scale + units.offset, 4);
      const powers = [0, 1, 2].map((c) => Math.exp(plan?.scores.logits[c * 203 + row] ?? 0));
      const sum = powers.reduce((all, power) => all + power, 0);
      for (const [c, name] of names.slice(2).entries()) expect(found[name]).toBeCloseTo((powers[c] ?? 0) / sum, 6);
    }

    const cities = new Set(parquet.map((row) => row['city']));
    expect(cities).toEqual(new Set(['Bern', 'Genf', 'Basel, CH', null, 'Ōsaka', 'rare']));
  });

  test('predictions read no labels', async () => {
    const text = readFileSync(file('test.csv'), 'utf8').replace(/(free|paid|team)\n/, 'unknown\n');
    writeFileSync(file('same.csv'), text);
    await predicted(path, file('inputs.csv'), file('out.csv'), 'logit');
    await predicted(path, file('same.csv'), file('same.out.csv'), 'logit');
    expect(readFileSync(file('out.csv')).equals(readFileSync(file('same.out.csv')))).toBe(true);
    await expect(opened(path, file('same.csv'))).rejects.toThrow(/'unknown'/);
  });

  test('a table without a column, and a text where a number must stand, are refused by name', async () => {
    writeFileSync(file('short.csv'), 'id,city,agee\n1,Bern,30\n');
    await expect(opened(path, file('short.csv'))).rejects.toThrow(/short\.csv has no column 'user'/);
    writeFileSync(
      file('odd.csv'),
      readFileSync(file('inputs.csv'), 'utf8').replace(/\n(\d+),([^,]*|"[^"]*"),(u\d+),\d+,/, '\n$1,$2,$3,old,'),
    );
    await expect(opened(path, file('odd.csv'))).rejects.toThrow(/column 'age' is 'old', which is no number/);
  });

  test('where tasks have different epochs, new rows get the bits of the run’s own test predictions of each', async () => {
    const run = await readTrainedRun(path);
    expect(run.sets.length).toBeGreaterThan(1);
    await expectSameBits(path);
  });

  test('a run of an earlier version, which kept one epoch for all tasks, is refused with what to do', async () => {
    const { sha256: _, ...result } = JSON.parse(readFileSync(join(path, 'result.json'), 'utf8'));
    const weights = Object.keys(result.files).filter((name) => name.startsWith('checkpoints/best-'));
    copyFileSync(join(path, weights[0] ?? ''), join(path, 'checkpoints/best.safetensors'));
    const files = Object.fromEntries(Object.entries(result.files).filter(([name]) => !weights.includes(name)));
    const own = { ...files, 'checkpoints/best.safetensors': result.files[weights[0] ?? ''] };
    writeFileSync(join(path, 'result.json'), JSON.stringify(sealed({ ...result, files: own })));
    await expect(readTrainedRun(path)).rejects.toThrow(
      /keeps the parameters of one epoch, and its results are of epochs \d.*Train it again \(--overwrite\)/,
    );
    writeFileSync(join(path, 'result.json'), JSON.stringify(sealed(result)));
  });

  test('a run without its encoding, and a comparison, are refused with what to do', async () => {
    rmSync(join(path, 'encoding.json'));
    await expect(readTrainedRun(path)).rejects.toThrow(/encoding\.json.*Train it again/);
  });
});

test('probabilities of classes whose logits are large', () => {
  const task = { name: 'plan', type: 'multiclass', classes: ['a', 'b', 'c'], offset: 0, scale: 1 } as const;
  const none = () => new Float32Array();
  const logits = [1000, 1000, -1000].map((logit) => Float32Array.of(logit));
  const { columns } = scoreValues(
    [task],
    { rows: 1, logits: () => logits, labels: none, mask: none, gate: none },
    'label',
  );
  expect(columns).toEqual([0.5, 0.5, 0].map((share) => Float32Array.of(share)));
});

const files = [join(folder, 'inputs.csv')];
const run = await readTrainedRun(
  await trainedOnMixed(folder, '[{ name: click, type: binary }]', '{ type: single-task, levels: [[4]], tower: [] }'),
);

test.each<[string, (column: Record<string, unknown>) => object, RegExp]>([
  ['too many values', () => ({ values: 1e12 }), /columns\.0\.values/],
  ['a code above them', () => ({ values: [1e12] }), /columns\.0\.values/],
  ['lists too long', () => ({ length: 1e9 }), /columns\.0\.length: Too big/],
  ['a hash too large', () => ({ cells: { hash: 1e12 } }), /columns\.0\.cells\.hash: Too big/],
  [
    'a value twice',
    ({ values }) => ({ values: [values, 'Bern', 'Bern'].flat() }),
    /columns\.0: a value is there twice/,
  ],
])('an encoding with %s, whose checksum is right, is refused in one line', async (_, change, message) => {
  const [own, changed] = [run.path, join(folder, 'stranger')];
  cpSync(own, changed, { recursive: true });
  const encoding = JSON.parse(readFileSync(join(own, 'encoding.json'), 'utf8'));
  const [first, ...others] = encoding.columns;
  const text = JSON.stringify({ ...encoding, columns: [{ ...first, ...change(first) }, ...others] });
  writeFileSync(join(changed, 'encoding.json'), text);
  const { sha256: __, ...result } = JSON.parse(readFileSync(join(own, 'result.json'), 'utf8'));
  const files = { ...result.files, 'encoding.json': sha256(text) };
  writeFileSync(join(changed, 'result.json'), JSON.stringify(sealed({ ...result, files })));
  const failure: unknown = await readTrainedRun(changed).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DataError);
  expect(String(failure)).toMatch(message);
  expect(String(failure)).toMatch(
    /^DataError: Cannot read \S+encoding\.json: .*\. Delete \S+ and train the run again\.$/,
  );
});

test('an interruption ends the work, and what was prepared is deleted', async () => {
  const interrupt = new AbortController();
  let prepared = '';
  const { signal } = interrupt;
  const work = withRows(run, files, { signal }, async ({ rows, onRows }) => {
    prepared = rows.file;
    expect(existsSync(prepared)).toBe(true);
    interrupt.abort(new Error('stop'));
    onRows(1);
  });
  await expect(work).rejects.toThrow('stop');
  expect(existsSync(prepared)).toBe(false);
});
