import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rawRows } from '../data/census-income/census-income.fixture.js';
import { rawColumns } from '../data/census-income/census-income.js';
import { censusConfig, pleHere, smallConfig, temporaryFolder } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';

const columnOf = (name: string) => rawColumns.findIndex(([other]) => other === name);

/** Rows of which the race gives `never-married` away and the sex is always the same. */
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
    const { status, stdout, stderr } = await pleHere(['data', 'inspect', config]);
    expect(status, stderr).toBe(0);
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
    const trained = await pleHere(words);
    expect(trained.status, trained.stderr).toBe(0);
    for (const warning of warnings) expect(trained.stderr).toContain(warning.replace('warning: ', 'note: '));
  });

  test('finds nothing in data without faults, and a run says nothing', async () => {
    const folder = temporaryFolder();
    const { stdout } = await pleHere(['data', 'inspect', smallConfig(folder), 'dataset.rows.test=700']);
    expect(stdout).toMatch(/^test +700 +0$/m);
    expect(stdout).toMatch(/\nNothing suspicious was found\.\n$/);
    const words = ['train', '--config', smallConfig(folder), '--runs', join(folder, 'runs'), 'train.epochs=1'];
    expect((await pleHere(words)).stderr).not.toMatch(/Column|rows have the inputs/);
  });

  test('--json prints one document, of a comparison too', async () => {
    const { status, stdout } = await pleHere(['data', 'inspect', '--json', smallComparison(temporaryFolder())]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      splits: { train: { outside: 0 } },
      tasks: [{ name: 'y1', type: 'regression' }, { name: 'y2' }],
      pairs: [{ tasks: ['y1', 'y2'] }],
      findings: [],
      notUsed: { columns: [], others: 0 },
    });
  });

  test('--write prints a config for a table file, with which its data can be inspected', async () => {
    const folder = temporaryFolder();
    const rows = rawRows(300, 4).map((row) => [row[0], row[12], row[19], Number(row[41] === '50000+.')].join(','));
    const file = join(folder, 'people.csv');
    writeFileSync(file, `age,sex,status,label\n${rows.join('\n')}\n`);
    const written = await pleHere(['data', 'inspect', file, '--write']);
    expect(written.status, written.stderr).toBe(0);
    const config = join(folder, 'people.yaml');
    writeFileSync(config, written.stdout);
    const { status, stdout, stderr } = await pleHere([
      'data',
      'inspect',
      config,
      `dataset.cache=${join(folder, 'cache')}`,
    ]);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^train +2\d\d +0$/m);
    expect(stdout).toMatch(/^label +binary +train /m);

    expect((await pleHere(['validate', '--config', config])).stderr).toBe(`${config} is valid.\n`);
    const asked = await pleHere(['data', 'inspect', file, '--write', '--task', 'label', '--task', 'sex']);
    expect(asked.stdout).toMatch(/\n {2}- \{ name: sex, type: binary \}\n/);
    expect(asked.stdout).toMatch(/\ncompare:\n/);
    writeFileSync(config, asked.stdout);
    expect((await pleHere(['validate', '--config', config])).stderr).toBe(`${config} is valid.\n`);
    const misplaced = await pleHere(['data', 'inspect', config, '--task', 'sex']);
    expect(misplaced.stderr).toMatch(/^ple: --task is for --write/);

    const refused = await pleHere(['data', 'inspect', config, '--write']);
    expect(refused.stderr).toMatch(/^ple: --write takes a table file/);
    for (const command of [
      ['data', 'inspect'],
      ['train', '--config'],
    ]) {
      const unwritten = await pleHere([...command, file]);
      expect(unwritten.stderr).toMatch(
        /^ple: .*people\.csv is no config: 'ple data inspect .*people\.csv --write' prints one/,
      );
    }
    const missing = await pleHere(['data', 'inspect', join(folder, 'none.csv'), '--write']);
    expect(missing.stderr).toMatch(/^ple: There is no file .*none\.csv\.\n$/);
    expect(refused.status).toBe(2);
  });

  test('tells what the config leaves out, and why by its own remarks', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'shop.csv');
    const rows = rawRows(300, 5).map((row, id) => [id, row[0], row[12], Number(row[41] === '50000+.'), 'x'].join(','));
    writeFileSync(file, `number,age,sex,label,same\n${rows.join('\n')}\n`);
    const config = join(folder, 'shop.yaml');
    writeFileSync(config, (await pleHere(['data', 'inspect', file, '--write'])).stdout);
    const words = ['data', 'inspect', config, `dataset.cache=${join(folder, 'cache')}`];
    const { status, stdout, stderr } = await pleHere([...words, 'dataset.columns.age=ignored']);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(
      /\n\nNot used +because\nnumber +numbers the rows\nage +-\nsame +is the same in every row\n\nsplit /,
    );

    const json = await pleHere([...words, '--json', 'dataset.columns={ sex: categorical }', 'dataset.others=ignored']);
    expect(JSON.parse(json.stdout)).toMatchObject({ columns: [{ name: 'sex' }], notUsed: { columns: [], others: 3 } });
    const both = await pleHere([...words, 'dataset.columns.age=numeric', 'dataset.others=ignored']);
    expect(both.stdout).toMatch(/\nsame +is the same in every row\n… and 1 column that the config does not name\n/);
    const rest = await pleHere([...words, 'dataset.columns={ age: numeric }', 'dataset.others=ignored']);
    expect(rest.stdout).toMatch(/\nNot used: 3 columns that the config does not name\n/);
  });

  test('refuses a task that the data do not have', async () => {
    const words = ['data', 'inspect', censusConfig(temporaryFolder()), 'tasks.0.name=incom'];
    const { status, stderr } = await pleHere(words);
    expect(stderr).toMatch(/no task 'incom' \(did you mean 'income'\?\)/);
    expect(status).toBe(2);
  });
});

test.each([
  [
    'split={ validation: 0.1 }',
    /'dataset\.split': say by what: 'fraction: \{ validation, test \}', 'column' or 'time'\.$/m,
  ],
  ['split={ fractoin: { test: 0.1 } }', /'dataset\.split\.fractoin': unknown key \(did you mean 'fraction'\?\)/],
  [
    "tasks.share.mask={ column: CTR, equals: 1, where: '> 0' }",
    /'dataset\.tasks\.share\.mask': give 'equals' or 'where', not both\.$/m,
  ],
  [
    'tasks.share.mask={ column: CTR, equal: 1 }',
    /'dataset\.tasks\.share\.mask\.equal': unknown key \(did you mean 'equals'\?\)/,
  ],
])('a table with %s is refused', async (override, message) => {
  const { status, stderr } = await pleHere(['validate', 'configs/table/example.yaml', `dataset.${override}`]);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

describe('ple data prepare', () => {
  test('fills the cache, which the next command reads', async () => {
    const folder = temporaryFolder();
    const config = censusConfig(folder);
    const { status, stdout } = await pleHere(['data', 'prepare', config]);
    expect(status).toBe(0);
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

  test('says that generated rows are not kept', async () => {
    const { status, stdout } = await pleHere(['data', 'prepare', smallConfig(temporaryFolder())]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^test +500$/m);
    expect(stdout).toMatch(/Nothing is kept/);
  });
});

describe('ple data fetch', () => {
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

  test('a file of other content is refused', async () => {
    const server = createServer((_, response) => response.end('not the census'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    const from = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const to = join(temporaryFolder(), 'census');
    const { status, stderr } = await pleHere(['data', 'fetch', 'census-income', '--from', from, '--to', to]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/SHA-256 of its content is [0-9a-f]{64}, not 3676a81d/);
    expect(readdirSync(to)).toEqual([]);
  });

  test.each([
    [['synthetic'], /'synthetic' cannot be downloaded by this command; those of census-income can/],
    [['census-incom'], /Unknown loader 'census-incom' \(did you mean 'census-income'\?\)/],
    [['census-income', '--from', 'here'], /--from: 'here' is no address/],
  ])('%j is wrong usage', async (words, message) => {
    const { status, stderr } = await pleHere(['data', 'fetch', ...words]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
