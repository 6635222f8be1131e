import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDatabase } from '../data/store/database.js';
import { predict, type RowsEvent, train } from '../library.js';
import { trainedOnMixed, writeMixedTable } from '../serving/mixed-table.fixture.js';
import { folderOfFile, pleHere, succeeded } from './command.fixture.js';

const folder = folderOfFile();
writeMixedTable(folder);
const file = (name: string) => join(folder, name);
const tasks = '[{ name: click, type: binary }, { name: plan, type: multiclass }]';
const run = await trainedOnMixed(folder, tasks, '{ type: hard-sharing, levels: [[6]], tower: [4] }');

test('predict of the library tells notes and rows, and gives what the command writes', async () => {
  const events: RowsEvent[] = [];
  const found = await predict(run, file('inputs.csv'), { on: (event) => events.push(event) });
  const out = file('out.csv');
  await succeeded(pleHere(['predict', run, file('inputs.csv'), '--out', out]));
  const [header = '', ...lines] = readFileSync(out, 'utf8').trimEnd().split('\n');
  expect(Object.keys(found)).toEqual(header.split(','));
  const column = lines.map((line) => Math.fround(Number(line.split(',')[0])));
  expect(found['click.probability']).toEqual(Float32Array.from(column));
  expect(events.at(-1)).toEqual({ kind: 'predicting', done: 203, total: 203 });
});

test.runIf(process.platform === 'linux')('a closed stdout is an error: predictions would go nowhere', () => {
  const words = [join(import.meta.dirname, '../../bin/ple.js'), 'predict', run, file('inputs.csv')];
  const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$@" >&-', process.execPath, ...words], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, 'ple: stdout is closed: name a file (--out FILE).\n']);
});

test('values that the model cannot read as it read training are noted, with the cause; --strict refuses them', async () => {
  const path = file('trained.parquet');
  await withDatabase((database) =>
    database.run(
      `COPY (SELECT i % 7 AS code, i % 3 = 0 AS flag, TIMESTAMP '2024-01-01' + to_hours(i::INTEGER) AS at, i % 2 AS y FROM range(400) t(i)) TO '${path}'`,
    ),
  );
  const { path: run } = await train(
    {
      name: 'read',
      dataset: { loader: 'table', path, cache: file('cache'), tasks: { y: {} }, columns: { code: 'categorical' } },
      tasks: [{ name: 'y', type: 'binary' }],
      model: { type: 'single-task', levels: [[4]], tower: [4] },
      train: { epochs: 1, batchSize: 64, optimizer: { type: 'adam', learningRate: 0.01 } },
      engine: { device: 'cpu', threads: 1 },
    },
    { runs: file('runs') },
  );
  const start = Date.UTC(2024, 0, 1);
  const lines = (row: (i: number) => string) =>
    `code,flag,at,y\n${Array.from({ length: 50 }, (_, i) => row(i)).join('\n')}\n`;
  writeFileSync(
    file('others.csv'),
    lines((i) => `${i % 7}.00,${i % 2},${start + i * 3_600_000},`),
  );
  writeFileSync(
    file('spelled.csv'),
    lines((i) => `${i % 7}.0,${i % 2 ? 0 : 'TRUE'},${start / 86_400_000 + i / 24},`),
  );
  writeFileSync(
    file('same.csv'),
    lines((i) => `${i % 7},${i % 2 === 0},${start / 86_400_000 + i / 24},${i % 2}`),
  );
  const notes = [
    "column 'code': 50 of 50 values were not in training: '0.00' was '0' there",
    "column 'at': all values outside the training range: they are milliseconds since 1970, and training had times",
  ];
  const noted = await pleHere(['evaluate', run, file('others.csv')]);
  expect(noted.stderr).toBe(
    [...notes, "No row is in the sample space of task 'y'; its metrics are null."]
      .map((note) => `note: ${note}\n`)
      .join(''),
  );
  const { status, stdout, stderr } = await pleHere(['predict', run, file('others.csv'), '--strict']);
  expect([status, stdout, stderr]).toEqual([3, '', `ple: ${notes.join('; ')} (--strict).\n`]);
  const same = await pleHere(['predict', run, file('same.csv'), '--strict']);
  expect([same.status, same.stderr]).toEqual([0, '']);
  expect(await pleHere(['predict', run, file('spelled.csv'), '--strict'])).toEqual(same);
});

test('missing values that training never had are told as other new values are, and so are texts for numbers', async () => {
  const lines = (rows: number, row: (i: number) => string) =>
    `c,h,b,n,l,odd,y\n${Array.from({ length: rows }, (_, i) => row(i)).join('\n')}\n`;
  const path = file('whole.csv');
  writeFileSync(
    path,
    lines(
      300,
      (i) => `${'abc'[i % 3]},${i % 9},${i / 7},${i / 3000},${i % 4}|${i % 5},${i === 7 ? 'odd' : i / 11},${i % 2}`,
    ),
  );
  const columns = { c: 'categorical', h: { kind: 'categorical', hash: 64 }, l: { kind: 'list' } };
  const { path: run } = await train(
    {
      name: 'missing',
      dataset: { loader: 'table', path, cache: file('cache'), tasks: { y: {} }, columns },
      inputs: { numeric: 'standard', columns: { b: { numeric: 'quantile' } } },
      tasks: [{ name: 'y', type: 'binary' }],
      model: { type: 'single-task', levels: [[4]], tower: [4] },
      train: { epochs: 1, batchSize: 64, optimizer: { type: 'adam', learningRate: 0.01 } },
      engine: { device: 'cpu', threads: 1 },
    },
    { runs: file('runs') },
  );
  writeFileSync(
    file('empty.csv'),
    lines(20, () => ',NA,,null,,2024-05-31,1'),
  );
  writeFileSync(
    file('few.csv'),
    lines(20, (i) => (i % 3 ? 'a,1,1,0.05,1|2,1,1' : ',NA,,null,,,0')),
  );
  const none = '20 of 20 values are missing, and none was in training';
  const notes = [
    `column 'c': ${none}`,
    "column 'h': 20 of 20 values were not in training",
    `column 'b': ${none}`,
    `column 'n': ${none}`,
    "column 'l': 20 of 20 lists are empty, and none was in training",
    "column 'odd': 20 of 20 values are no numbers, and count as missing",
  ];
  const { status, stderr } = await pleHere(['predict', run, file('empty.csv'), '--strict']);
  expect([status, stderr]).toEqual([3, `ple: ${notes.join('; ')} (--strict).\n`]);
  const evaluated = await pleHere(['evaluate', run, file('empty.csv')]);
  for (const note of notes) expect(evaluated.stderr).toContain(`note: ${note}\n`);
  expect((await pleHere(['predict', run, file('few.csv'), '--strict'])).stderr).toBe('');

  writeFileSync(
    file('extreme.csv'),
    lines(5, (i) => `a,1,1,${i === 3 ? '1e38' : 2},1|2,1,1`),
  );
  const extreme = await pleHere(['predict', run, file('few.csv'), file('extreme.csv')]);
  expect(extreme.status).toBe(3);
  expect(extreme.stderr).toMatch(
    /ple: \S+extreme\.csv:5: the prediction of task 'y' is not finite: column 'n' is 1e\+38, \S+ standard deviations from training's mean\.\n$/,
  );
});

test('parts of a time are served as any column: new rows have the time', async () => {
  const start = Date.UTC(2023, 2, 1);
  const time = (row: number) => new Date(start + row * 25_200_000);
  const lines = (first: number, count: number) =>
    Array.from(
      { length: count },
      (_, i) => `${time(first + i).toISOString()},${Number(time(first + i).getUTCHours() < 8)}\n`,
    );
  writeFileSync(file('times.csv'), `at,y\n${lines(0, 600).join('')}`);
  const columns = { at: { kind: 'time', parts: ['weekday', 'hour', 'days'] } };
  const { path: run } = await train(
    {
      name: 'times',
      dataset: {
        loader: 'table',
        path: file('times.csv'),
        cache: file('cache'),
        tasks: { y: {} },
        columns,
        split: { time: 'at' },
      },
      tasks: [{ name: 'y', type: 'binary' }],
      model: { type: 'single-task', levels: [[8]], tower: [] },
      train: { epochs: 30, batchSize: 32, optimizer: { type: 'adam', learningRate: 0.02 } },
      engine: { device: 'cpu', threads: 1 },
    },
    { runs: file('runs') },
  );
  writeFileSync(file('later.csv'), `at,y\n${lines(540, 60).join('')}`); // the rows of the test split
  const { stdout, stderr } = await pleHere(['evaluate', run, file('later.csv'), '--json']);
  const test = JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')).tasks.y.test;
  expect(JSON.parse(stdout).tasks.y.metrics.auc).toBe(test.auc);
  expect(test.auc).toBeGreaterThan(0.95);
  expect(stderr).toBe("note: column 'at.days': all values outside the training range\n"); // as a split by time has it
});
