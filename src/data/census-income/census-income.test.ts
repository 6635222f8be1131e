import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConfigError, DataError } from '../../support/errors.js';
import type { Source, SplitName } from '../dataset.js';
import { contents, type RawRow, rawRows, rawText, textOf, withValue } from './census-income.fixture.js';
import { censusIncome, rawColumns } from './census-income.js';

const context = { seed: 1, note: () => undefined };
const train = rawRows(300, 1);
const testRows = rawRows(101, 2);
let folder = '';
let count = 0;

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const path = join(folder, String(count++));
  await mkdir(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(path, file), content);
  return path;
}

const plain = (rows: readonly RawRow[] = train, test: readonly RawRow[] = testRows) => ({
  'census-income.data': rawText(rows),
  'census-income.test': rawText(test),
});

let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ple-census-'));
  path = await folderWith(plain());
});
afterAll(() => rm(folder, { recursive: true }));

const open = (options: object = {}, more: object = {}) =>
  censusIncome.open(
    { loader: 'census-income', path, cache: join(folder, 'cache'), ...options },
    { ...context, ...more },
  );

const inputsOf = (row: RawRow | undefined, source: Source) => source.columns.map(({ name }) => textOf(row, name));
const isRich = (row: RawRow) => Number(textOf(row, 'income') === '50000+.');
const isSingle = (row: RawRow) => Number(textOf(row, 'marital-status') === 'Never married');

describe('reading', () => {
  test('gives every row of the training file with its texts, numbers and labels', async () => {
    vi.stubEnv('TMPDIR', folder); // where no cache is named, the prepared data last as long as the process
    onTestFinished(() => void vi.unstubAllEnvs());
    const source = await open({ cache: null });
    const { rows, labels } = await contents(source, 'train');
    expect(rows).toEqual(train.map((row) => inputsOf(row, source)));
    expect(labels).toEqual(train.map((row) => [isRich(row), isSingle(row)]));
    expect(source.tasks).toEqual([
      { name: 'income', type: 'binary' },
      { name: 'never-married', type: 'binary' },
    ]);
    const numeric = source.columns.filter(({ kind }) => kind === 'numeric').map(({ name }) => name);
    expect(numeric).toEqual(rawColumns.filter(([, kind]) => kind === 'continuous').map(([name]) => name));
    expect([numeric.length, source.columns.length]).toEqual([7, 38]);
    expect(source.columns.find(({ name }) => name === 'industry-code')?.kind).toBe('categorical');
  });

  test('group 2 has the tasks education (associate degree or above) and never-married', async () => {
    const source = await open({ group: 2 });
    const { labels } = await contents(source, 'train');
    const college = ['Bachelors degree(BA AB BS)', 'Associates degree-academic program'];
    expect(source.tasks.map(({ name }) => name)).toEqual(['education', 'never-married']);
    expect(labels).toEqual(train.map((row) => [Number(college.includes(textOf(row, 'education'))), isSingle(row)]));
  });

  test('group 3 has the marital status as seven classes beside income', async () => {
    const source = await open({ group: 3 });
    const { labels } = await contents(source, 'train');
    const [income, status] = source.tasks;
    expect([income?.name, status?.name, status?.type]).toEqual(['income', 'marital-status', 'multiclass']);
    expect(status?.classes).toHaveLength(7);
    expect(source.columns.map(({ name }) => name)).not.toContain('marital-status');
    expect(labels).toEqual(train.map((row) => [isRich(row), status?.classes?.indexOf(textOf(row, 'marital-status'))]));
    const betrothed = await folderWith(plain(withValue(train, 7, 'marital-status', 'Betrothed')));
    await expect(open({ path: betrothed, group: 3 })).rejects.toThrow(
      /:8: column 'marital-status' is 'Betrothed', which is not listed/,
    );
  });

  test('packed files give the same source as plain ones, with CRLF another; progress ends at the size of both', async () => {
    const one = await open();
    const packed = await folderWith({
      'census-income.data.gz': gzipSync(rawText(train)),
      'census-income.test.gz': gzipSync(rawText(testRows)),
    });
    const two = await open({ path: packed });
    expect(two.checksum).toBe(one.checksum);
    expect(await contents(two, 'test')).toEqual(await contents(one, 'test'));
    const crlf = { ...plain(), 'census-income.data': rawText(train).replaceAll('\n', '\r\n') };
    const seen: (readonly [number, number])[] = [];
    const progress = (done: number, total: number) => seen.push([done, total]);
    const three = await open({ path: await folderWith(crlf) }, { progress });
    expect(three.checksum).not.toBe(one.checksum);
    expect(await contents(three, 'train')).toEqual(await contents(one, 'train'));
    const size = crlf['census-income.data'].length + crlf['census-income.test'].length;
    expect(seen.at(-1)).toEqual([size, size]);
  });

  test('categories that end in a space stay as they are, and ? is a category', async () => {
    const rows = withValue(train, 0, 'major-occupation', 'Sales '); // beside 'Sales'
    const source = await open({ path: await folderWith(plain(rows)) });
    const dictionary = (name: string) => source.columns.find((column) => column.name === name)?.dictionary;
    expect(dictionary('major-occupation')?.toSorted()).toEqual(['Handlers equip cleaners etc ', 'Sales', 'Sales ']);
    expect(dictionary('previous-state')).toContain('?');
  });
});

describe('inputs', () => {
  test.each([1, 2])('pitfall 28: no label column and no instance weight is an input of group %i', async (group) => {
    const names = (await open({ group })).columns.map(({ name }) => name);
    for (const name of ['income', 'education', 'marital-status', 'instance-weight']) expect(names).not.toContain(name);
  });

  test('extraInputs puts education back in group 1', async () => {
    const names = (await open({ extraInputs: ['education'] })).columns.map(({ name }) => name);
    expect(names).toContain('education');
    expect(names).toHaveLength(39);
  });

  test.each([
    [1, 'income', /label/],
    [1, 'marital-status', /label/],
    [2, 'education', /label/],
    [1, 'instance-weight', /there is: education/],
    [1, 'educatoin', /did you mean 'education'/],
  ])('pitfall 28: group %i refuses the extra input %s', async (group, name, message) => {
    const opening = open({ group, extraInputs: [name] });
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('splits', () => {
  const identity = (row: string[]) => row.join('|');

  test('the test file is halved, and every row is in one half', async () => {
    const source = await open();
    const validation = await contents(source, 'validation');
    const test = await contents(source, 'test');
    expect([validation.rows.length, test.rows.length]).toEqual([51, 50]);
    const all = testRows.map((row) => identity(inputsOf(row, source)));
    expect([...validation.rows, ...test.rows].map(identity).toSorted()).toEqual(all.toSorted());
  });

  test('the halves follow splitSeed, and the run seed only if it says so', async () => {
    const opened = async (options: object, seed: number) => {
      const source = await open(options, { seed });
      const rowsOf = async (name: SplitName) => (await contents(source, name)).rows.map(identity);
      return { half: await rowsOf('validation'), test: await rowsOf('test'), checksum: source.checksum };
    };
    const first = await opened({}, 1);
    expect(await opened({}, 2)).toEqual(first);
    expect((await opened({ splitSeed: 1 }, 1)).half).not.toEqual(first.half);

    const [one, two] = [await opened({ splitSeed: 'run' }, 1), await opened({ splitSeed: 'run' }, 2)];
    expect(await opened({ splitSeed: 'run' }, 1)).toEqual(one);
    expect(one).toMatchObject({ half: (await opened({ splitSeed: 1 }, 9)).half });
    expect(two.test).not.toEqual(one.test);
    expect(new Set([first, one, two].map(({ checksum }) => checksum)).size).toBe(3);

    // All seeds have the whole test file: equal checksums stand for equal test rows.
    const part = { splitSeed: 'run', validation: { train: 0.1 } };
    const [left, right] = [await opened(part, 1), await opened(part, 2)];
    expect(right.half).not.toEqual(left.half);
    expect({ ...right, half: left.half }).toEqual(left);
    expect(left.checksum).toBe(first.checksum);
  });

  test('validation can be a part of the training file', async () => {
    const source = await open({ validation: { train: 0.1 } });
    const { rows } = source.splits.validation;
    expect([source.splits.train.rows, rows, source.splits.test.rows]).toEqual([270, 30, 101]);
    const both = [...(await contents(source, 'train')).rows, ...(await contents(source, 'validation')).rows];
    expect(both.map(identity).toSorted()).toEqual(train.map((row) => identity(inputsOf(row, source))).toSorted());
  });
});

describe('data that cannot be used', () => {
  const whole = gzipSync(rawText(train));
  test.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    ['a missing file', { 'census-income.test': '' }, /no census-income\.test \(or census-income\.test\.gz\) in .*uci/],
    [
      'a truncated packed file',
      { 'census-income.data': '', 'census-income.data.gz': whole.subarray(0, whole.length / 2) },
      /census-income\.data\.gz cannot be read: it ends too early/,
    ],
    [
      'what is not packed',
      { 'census-income.data': '', 'census-income.data.gz': rawText(testRows) },
      /census-income\.data\.gz cannot be read: it is not in gzip format/,
    ],
    [
      'a truncated file',
      { 'census-income.data': rawText(train).slice(0, -100) },
      /census-income\.data:300: .* columns/,
    ],
    [
      'another label',
      { 'census-income.test': rawText(withValue(testRows, 1, 'income', '50000')) },
      /test:2: .*'50000'/,
    ],
    [
      'nothing for a number',
      { 'census-income.data': rawText(withValue(train, 8, 'age', '')) },
      /data:9: column 'age' is ''/,
    ],
  ])('%s is one line that names the place', async (_, files, message) => {
    const present = Object.entries({ ...plain(), ...files }).filter(([, content]) => content.length > 0);
    const error: unknown = await open({ path: await folderWith(Object.fromEntries(present)) }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('\n');
  });
});

test('of the 17 texts of education, six are positive', async () => {
  const below = [
    ...['Children', 'Less than 1st grade', '1st 2nd 3rd or 4th grade', '5th or 6th grade', '7th and 8th grade'],
    ...['9th grade', '10th grade', '11th grade', '12th grade no diploma', 'High school graduate'],
    'Some college but no degree',
  ];
  const college = [
    ...['Associates degree-occup /vocational', 'Associates degree-academic program', 'Bachelors degree(BA AB BS)'],
    ...[
      'Masters degree(MA MS MEng MEd MSW MBA)',
      'Prof school degree (MD DDS DVM LLB JD)',
      'Doctorate degree(PhD EdD)',
    ],
  ];
  const texts = [...below, ...college];
  const rows = texts.reduce<RawRow[]>((made, text, row) => withValue(made, row, 'education', text), train.slice(0, 17));
  const source = await open({ path: await folderWith(plain(rows)), group: 2 });
  const { labels } = await contents(source, 'train');
  expect(labels.map(([label]) => label)).toEqual(texts.map((text) => Number(college.includes(text))));
});

const real = process.env.PLE_CENSUS_INCOME;
describe.skipIf(!real)(
  `the published files${real ? '' : ' (skipped: PLE_CENSUS_INCOME names no folder with them)'}`,
  () => {
    let source: Source;
    beforeAll(async () => {
      source = await open({ path: real });
    }, 60_000);

    test('have the published counts', async () => {
      const positives = async (name: SplitName) => {
        const { labels } = await contents(source, name);
        const count = (chosen: (label: number[]) => boolean) => labels.filter(chosen).length;
        return [count(([a]) => a === 1), count(([, b]) => b === 1), count(([a, b]) => a === 1 && b === 1)];
      };
      const [validation, test] = [await positives('validation'), await positives('test')];
      expect(await positives('train')).toEqual([12_382, 86_485, 1_117]);
      expect(validation.map((count, i) => count + (test[i] ?? 0))).toEqual([6_186, 43_143, 545]);
      expect(source.splits.train.rows).toBe(199_523);
      expect([source.splits.validation.rows, source.splits.test.rows]).toEqual([49_881, 49_881]);
    });

    test('correlate at least college with never married by .2376 in the test file (MMoE says .2373)', async () => {
      const second = await open({ path: real, group: 2 });
      const labels = [...(await contents(second, 'validation')).labels, ...(await contents(second, 'test')).labels];
      const mean = (of: (a: number, b: number) => number) =>
        labels.reduce((sum, [a = 0, b = 0]) => sum + of(a, b), 0) / labels.length;
      const [a, b] = [mean((a) => a), mean((_, b) => b)];
      const correlation = (mean((a, b) => a * b) - a * b) / Math.sqrt(a * (1 - a) * b * (1 - b));
      expect(a * labels.length).toBeCloseTo(19_456, 6);
      expect(correlation).toBeCloseTo(-0.2376, 4);
    });

    test('have ? in eight columns, and the published number of values', () => {
      const unknown = source.columns.filter(({ dictionary }) => dictionary?.includes('?')).map(({ name }) => name);
      expect(unknown).toEqual([22, 26, 27, 28, 30, 33, 34, 35].map((column) => rawColumns[column - 1]?.[0]));
      const sizes = source.columns.flatMap(({ dictionary }) => dictionary?.length ?? []);
      expect(sizes).toEqual([
        9, 52, 47, 3, 24, 15, 5, 10, 2, 3, 6, 8, 6, 6, 51, 38, 8, 10, 9, 10, 3, 4, 5, 43, 43, 43, 5, 3, 3, 3, 2,
      ]);
    });

    test('have the published checksums', () => {
      const files = [
        '3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86',
        '98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c',
      ];
      expect(source.checksum).toBe(createHash('sha256').update(files.join('\n')).digest('hex'));
    });
  },
);
