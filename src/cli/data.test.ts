import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { rawColumns, rawRows } from '../data/shipped/census-income.fixture.js';
import { must } from '../support/must.js';
import { censusConfig, pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';

const columnOf = (name: string) => rawColumns.indexOf(name);

/** Rows where the race gives `never-married` away and the sex is constant. */
function tellingRows(count: number, seed: number): string[][] {
  return rawRows(count, seed).map((row) =>
    row
      .with(columnOf('race'), row[columnOf('marital-status')] === 'Never married' ? 'White' : 'Black')
      .with(columnOf('sex'), 'Male'),
  );
}

describe('ple data inspect', () => {
  test('pitfall 28: names a label among the inputs, a constant column and rows in train and test; a run notes them too', async () => {
    const folder = temporaryFolder();
    const train = tellingRows(600, 1);
    const test = [...tellingRows(300, 2), ...train.slice(0, 60)];
    const config = censusConfig(folder, { train, test });
    const { stdout } = await succeeded(pleHere(['data', 'inspect', config]));
    expect(stdout).toMatch(/^train +600 +0$/m);
    const warnings = stdout.split('\n').filter((line) => line.startsWith('warning: '));
    expect(warnings).toEqual([
      expect.stringMatching(
        /Column 'race' predicts 'never-married' almost alone \(AUC 1\.000 on 180 validation rows\)/,
      ),
      expect.stringMatching(/of 180 validation rows have the inputs of a training row; chance explains about 0/),
      expect.stringMatching(/of 180 test rows have the inputs of a training row; chance explains about 0/),
      expect.stringMatching(/Column 'sex' is the same in every training row/),
    ]);

    const words = ['train', '--config', config, '--runs', join(folder, 'runs'), 'train.epochs=1'];
    const trained = await succeeded(pleHere(words));
    for (const warning of warnings) expect(trained.stderr).toContain(warning.replace('warning: ', 'note: '));
  });

  test('--json prints one document, of a comparison too', async () => {
    const { stdout } = await succeeded(pleHere(['data', 'inspect', '--json', smallComparison(temporaryFolder())]));
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      splits: { train: { outside: 0 } },
      tasks: [{ name: 'y1', type: 'regression' }, { name: 'y2' }],
      pairs: [{ tasks: ['y1', 'y2'] }],
      findings: [{ kind: 'telling-column', weight: 'hint', column: 'x3', task: 'y2' }],
    });
  });

  test('--write finds in its config what an inspection of it finds, and says it on stderr too', async () => {
    const folder = temporaryFolder();
    const lines = Array.from({ length: 2000 }, (_, row) => {
      const [seconds, plan, noise] = [(row * 37) % 200, Math.floor(row / 13) % 5, (row * row) % 11];
      const y = Number(seconds + 8 * noise > 140);
      return [seconds, `plan ${plan}`, noise, y, 5 * plan + noise / 11].join(',');
    });
    const file = join(folder, 'calls.csv');
    writeFileSync(file, `duration,plan,noise,y,revenue\n${lines.join('\n')}\n`);
    const written = await succeeded(pleHere(['data', 'inspect', file, '--write']));
    const found = written.stderr.trimEnd().split('\n');
    expect(found).toEqual([
      expect.stringMatching(/^warning: Column 'plan' predicts 'revenue' almost alone \(R² 0\.99/),
      expect.stringMatching(
        /^hint: Column 'duration' alone predicts 'y' \(AUC 0\.\d\d on \d+ validation rows\): is it known bef/,
      ),
    ]);
    const head = written.stdout.slice(0, written.stdout.indexOf('\nname:')).split('\n');
    expect(head.slice(-2)).toEqual(found.map((text) => `# ${text}`));

    const config = join(folder, 'calls.yaml');
    writeFileSync(config, written.stdout);
    const cache = `dataset.cache=${join(folder, 'cache')}`;
    const inspected = await succeeded(pleHere(['data', 'inspect', config, cache]));
    expect(inspected.stdout.trimEnd().split('\n').slice(-2)).toEqual(found);
    expect(inspected.stderr.trimEnd().split('\n').slice(-2)).toEqual(found);
    expect(readdirSync(folder).toSorted()).toEqual(['cache', 'calls.csv', 'calls.yaml']);
  });

  test('--write prints a config for a table file, with which its data can be inspected', async () => {
    const folder = temporaryFolder();
    const rows = rawRows(300, 4).map((row) => [row[0], row[12], row[19], Number(row[41] === '50000+.')].join(','));
    const file = join(folder, 'people.csv');
    writeFileSync(file, `age,sex,status,label\n${rows.join('\n')}\n`);
    const written = await succeeded(pleHere(['data', 'inspect', file, '--write']));
    const config = join(folder, 'people.yaml');
    writeFileSync(config, written.stdout);
    const { stdout } = await succeeded(pleHere(['data', 'inspect', config, `dataset.cache=${join(folder, 'cache')}`]));
    expect(stdout).toMatch(/^train +2\d\d +0$/m);
    expect(stdout).toMatch(/^label +binary +train /m);

    const asked = await pleHere(['data', 'inspect', file, '--write', '--task', 'label', '--task', 'sex']);
    expect(asked.stdout).toMatch(/\n {2}- \{ name: sex, type: multiclass \}\n/);
    expect(asked.stdout).toMatch(/\ncompare:\n/);
    writeFileSync(config, asked.stdout);
    expect((await pleHere(['validate', '--config', config])).stderr).toBe(`${config} is valid.\n`);
  });
});

describe('ple data prepare', () => {
  test('fills the cache, which the next command reads', async () => {
    const folder = temporaryFolder();
    const config = censusConfig(folder);
    const { stdout } = await succeeded(pleHere(['data', 'prepare', config]));
    expect(stdout).toMatch(/^train +400$/m);
    const cached = readdirSync(join(folder, 'cache'));
    expect(cached).toHaveLength(1);
    for (const name of cached) expect(stdout).toContain(join(folder, 'cache', name));
    const again = await pleHere(['data', 'prepare', config, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      rows: { train: 400, validation: 100, test: 100 },
      files: expect.arrayContaining(
        cached.map((name) => {
          const path = join(folder, 'cache', name);
          const bytes = readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
          return { path, bytes };
        }),
      ),
    });
  });
});

describe('ple data rows', () => {
  const rows = Array.from({ length: 60 }, (_, row) => ({
    x: row % 7 === 0 ? '' : String(row / 10),
    place: row % 3 === 0 ? 'a, "b"' : `c${row % 2}`,
    tags: 'u|v',
    w: String(1 + (row % 2)),
    click: String(row % 2),
    time: row % 4 === 0 ? '' : String(row * 1.1),
  }));
  const configIn = (folder: string) => {
    const lines = rows.map((row) =>
      Object.values(row)
        .map((cell) => `"${cell.replaceAll('"', '""')}"`)
        .join(','),
    );
    writeFileSync(join(folder, 'rows.csv'), `${Object.keys(rows[0] ?? {}).join(',')}\n${lines.join('\n')}\n`);
    const config = join(folder, 'config.yaml');
    writeFileSync(
      config,
      `name: rows
dataset:
  loader: table
  path: ${join(folder, 'rows.csv')}
  cache: ${join(folder, 'cache')}
  weight: w
  columns: { tags: { kind: list } }
  tasks: { time: { regression: true }, click: {} }
tasks: [{ name: click, type: binary }, { name: time, type: regression }]
model: { type: single-task, levels: [[4]], tower: [2] }
train: { epochs: 1, batchSize: 8, optimizer: { type: adam } }
`,
    );
    return config;
  };

  test('writes every row once, with its split, number, weight, labels and inputs', async () => {
    const folder = temporaryFolder();
    const out = join(folder, 'out.csv');
    const { stderr } = await succeeded(pleHere(['data', 'rows', configIn(folder), '--out', out]));
    expect(stderr).toContain('note: Lists are left out: tags.');
    const records: Record<string, string>[] = parse(readFileSync(out), { columns: true });
    expect(Object.keys(records[0] ?? {}).join()).toBe(
      'split,row,weight,regression.time,binary.click,number.x,category.place',
    );
    expect(records.map(({ row }) => Number(row)).toSorted((a, b) => a - b)).toEqual(rows.map((_, row) => row));
    for (const { row, ...found } of records) {
      const { x, place, w, click, time } = must(rows[Number(row)], 'row');
      const [number, seconds] = [x, time].map((text) =>
        text === '' ? '' : String(Number(Number(text).toPrecision(7))),
      );
      expect(found).toMatchObject({ 'number.x': number, 'category.place': place, weight: w });
      expect(found).toMatchObject({ 'binary.click': click, 'regression.time': seconds });
    }
    expect([...new Set(records.map(({ split }) => split))]).toEqual(['train', 'validation', 'test']);
  });

  test('no file is replaced', async () => {
    const folder = temporaryFolder();
    const config = configIn(folder);
    const { status, stderr } = await pleHere(['data', 'rows', config, '--out', config]);
    expect([status, stderr]).toEqual([2, `ple: ${config} exists already: name another file.\n`]);
  });
});

describe('ple data fetch', () => {
  test('a data set that is none is told by its name', async () => {
    const { status, stderr } = await pleHere(['data', 'fetch', 'kuairnd']);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^ple: ple data fetch kuairnd: 'dataset\.from': there is no data set 'kuairnd' \(did you mean/,
    );
  });

  test('without a network says in one line where to get the file and where to put it', async () => {
    const work = temporaryFolder();
    const { status, stdout, stderr } = await pleHere(
      ['data', 'fetch', 'census-income', '--from', 'http://127.0.0.1:9/'],
      {
        cwd: work,
      },
    );
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^ple: census-income\.data could not be downloaded \(http:\/\/127\.0\.0\.1:9\/census-income\.data\.gz: .*\)\. Get it from https:\/\/archive\.ics\.uci\.edu\S+ and put it, plain or as \.gz, into datasets\/census-income\.\n$/,
    );
  });
});
