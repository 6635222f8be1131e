import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { comparisonIn } from './compare.fixture.js';

const folder = folderOfFile();
const at = (...path: string[]) => join(folder, ...path);
const ple = (...words: string[]) => pleHere(words, { cwd: folder });
const compare = (...words: string[]) => ple('compare', '--config', 'mine.yaml', ...words);
const calls = () => (existsSync(at('calls.txt')) ? readFileSync(at('calls.txt'), 'utf8').trim().split('\n') : []);
const stored = () => JSON.parse(readFileSync(at('runs/mine/comparison.json'), 'utf8'));
const exact = () => stored().rows.find(({ label }: { label: string }) => label === 'exact');

/** A click of one row in three, a kind of three, and a price; a click alone may have been bought. */
function writeRows(): void {
  const rows = Array.from({ length: 300 }, (_, row) => {
    const [click, kind] = [row % 3 === 0, ['low', 'in, between', 'high'][(row * 7) % 3]];
    return [
      `s${row % 5}`,
      (row * 37) % 11,
      click ? 1 : 0,
      click ? Number(row % 2 === 0) : '',
      `"${kind}"`,
      (row % 13) / 2,
    ];
  });
  writeFileSync(at('mine.csv'), `shop,size,click,bought,kind,price\n${rows.map((row) => row.join(',')).join('\n')}\n`);
}

beforeAll(async () => {
  writeRows();
  writeFileSync(
    at('predict.mjs'),
    readFileSync(resolve(import.meta.dirname, 'external.fixture.mjs'), 'utf8').replace(
      "'@duckdb/node-api'",
      JSON.stringify(import.meta.resolve('@duckdb/node-api')),
    ),
  );
  writeFileSync(
    at('mine.yaml'),
    `name: mine
dataset:
  loader: table
  path: mine.csv
  tasks: { bought: { positive: 1 }, kind: { multiclass: [low, 'in, between', high] }, price: { regression: true } }
  columns: { click: ignored, size: numeric }
  split: { fraction: { validation: 0.2, test: 0.2 } }
tasks: [{ name: bought, type: binary }, { name: kind, type: multiclass }, { name: price, type: regression }]
train: { epochs: 1, batchSize: 32, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
compare:
  seeds: 2
  models:
    - { label: exact, type: external, command: node predict.mjs }
    - { type: single-task, levels: [[4]], tower: [] }
`,
  );
});

test('a command is a row: it gets the rows, and is judged on the test rows by its predictions of all classes', async () => {
  const { stdout, stderr } = await succeeded(compare());
  const said = stderr.split('\n');
  const note = said.findIndex((line) =>
    line.includes('runs commands on this machine, after its models: exact: node predict.mjs'),
  );
  const first = said.findIndex((line) => /^exact seed 1 {2}\d+(\.\d)? s$/.test(line));
  expect([note >= 0, first > note]).toEqual([true, true]);
  expect(calls()).toEqual(['1 bought kind price', '2 bought kind price']);
  const run = stored().rows[0].runs[0].path;
  const { dataset } = JSON.parse(readFileSync(at('runs/mine', run, 'result.json'), 'utf8'));
  expect(JSON.parse(readFileSync(at('seen-1.json'), 'utf8'))).toEqual({
    columns: ['row', 'binary.bought', 'multiclass.kind', 'regression.price', 'category.shop', 'number.size'],
    rows: [dataset.rows.train, dataset.rows.test],
    train: expect.any(Array),
  });
  const { train } = JSON.parse(readFileSync(at('seen-2.json'), 'utf8'));
  const rows = readFileSync(at('mine.csv'), 'utf8').split('\n').slice(1);
  for (const row of train) {
    const click = row.row % 3 === 0;
    expect(row['binary.bought']).toBe(click ? Number(row.row % 2 === 0) : null); // NULL outside its sample space
    expect(rows[row.row]).toContain(`"${row['multiclass.kind']}"`);
    expect(rows[row.row]?.startsWith(`${row['category.shop']},${row['number.size']},`)).toBe(true);
  }
  const { type, parameters, tasks, runs } = exact();
  expect({ type, parameters }).toEqual({ type: 'external', parameters: null });
  expect([tasks.bought.mean, tasks.kind.mean, tasks.price.mean]).toEqual([1, 1, 0]);
  expect(tasks.bought.gain).toBeGreaterThan(0);
  expect(stdout).toMatch(/^exact +\w/m);
  for (const { path, status } of runs) {
    expect(status).toBe('done');
    expect(stored().timing.runs[path].seconds).toBeGreaterThan(0);
  }
  expect(existsSync(at('runs/mine/rows'))).toBe(false);
});

test('it is not run again for the same command, script and rows; a further seed is run alone', async () => {
  const before = comparisonIn(at('runs/mine'));
  await succeeded(compare('train.epochs=2', '--runs', 'other'));
  expect(calls()).toHaveLength(4);
  await succeeded(compare());
  expect(calls()).toHaveLength(4);
  expect(comparisonIn(at('runs/mine'))).toBe(before);
  await succeeded(compare('compare.seeds=3'));
  expect(calls().slice(4)).toEqual(['3 bought kind price']);
  writeFileSync(at('predict.mjs'), `${readFileSync(at('predict.mjs'), 'utf8')}\n// changed\n`);
  await succeeded(compare('compare.seeds=3'));
  expect(calls()).toHaveLength(8);
});

test('a dry run names the commands, and runs none', async () => {
  const count = calls().length;
  const { stderr } = await succeeded(compare('--dry-run'));
  expect(stderr).toContain('note: After these runs exact is a command for each seed: node predict.mjs');
  expect(calls()).toHaveLength(count);
});

test('ple report makes the same table from the folder, and runs nothing', async () => {
  const before = comparisonIn(at('runs/mine'));
  const count = calls().length;
  const { stdout } = await succeeded(ple('report', 'runs/mine'));
  expect(stdout).toMatch(/^exact +\w/m);
  expect(comparisonIn(at('runs/mine'))).toBe(before);
  expect(calls()).toHaveLength(count);
  const [{ path }] = exact().runs;
  const file = at('runs/mine', path);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('0.8', '0.7'));
  const damaged = await ple('report', 'runs/mine');
  expect(damaged.status).toBe(3);
  expect(damaged.stderr).toContain(`${path} is not what was written: delete`);
  writeFileSync(file, text);
});

test('a stored config runs its commands only with --commands', async () => {
  const again = ['compare', '--config', 'runs/mine/config.yaml', 'name=again'];
  const count = calls().length;
  const refused = await ple(...again);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain(
    'is stored, and would run commands on this machine: exact: node predict.mjs. Allow it with --commands',
  );
  expect([calls().length, existsSync(at('runs/again'))]).toEqual([count, false]);
  await succeeded(ple(...again, '--commands'));
  expect(calls()).toHaveLength(count + 3);
});

test('a command that fails is told with its last line; the next call runs it again', async () => {
  writeFileSync(at('broken'), '');
  const failed = await compare('name=failing');
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^exact seed 1 {2}failed: its command ended with 3: no such luck \(.*command\.log\)$/m);
  expect(failed.stderr).toContain('2 runs failed; the same command tries again.');
  expect(existsSync(at('runs/failing/rows/train.parquet'))).toBe(true); // to try by hand
  rmSync(at('broken'));
  await succeeded(compare('name=failing'));
});

test.each([
  ['node -e 0', /cannot read the predictions .*predictions\.csv/i],
  [
    `node -e "require('fs').writeFileSync(process.argv.at(-1)+'/predictions.csv','bought,kind.low,price\\n')"`,
    /no column 'kind\.in, between'/,
  ],
])('%s: predictions that are not there, or without a class, fail', async (command, message) => {
  const models = JSON.stringify([
    { type: 'single-task', levels: [[4]], tower: [] },
    { type: 'external', command },
  ]);
  const { status, stderr } = await compare('name=wrong', 'compare.seeds=1', `compare.models=${models}`);
  expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
});

test.each([
  ['{ type: external }', "'compare.models.1.command': an external model is a command line"],
  [
    '{ type: external, command: a, tune: { x: [1, 2] } }',
    "'compare.models.1.tune': unknown key; known keys: label, type, command",
  ],
  [
    '{ type: external, command: a, levels: [[4]] }',
    "'compare.models.1.levels': unknown key; known keys: label, type, command",
  ],
  ['{ type: single-task, levels: [[4]], command: a }', "'compare.models.1.command': unknown key"],
  ['{ label: single-task, type: external, command: a }', "two models are labelled 'single-task'"],
])('%s is refused', async (model, message) => {
  const { status, stderr } = await compare(`compare.models=[{ type: single-task, levels: [[4]] }, ${model}]`);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});
