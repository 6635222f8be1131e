import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, temporaryFolder } from './command.fixture.js';
import { until } from './compare.fixture.js';

const synth = (words: readonly string[], cwd: string) => pleHere(['synth', ...words], { cwd });

test('several correlations make a file and a manifest each', async () => {
  const folder = temporaryFolder();
  const words = '--correlation -0.5,0.5 --rows 50 --dim 3 --binary 0.2 --out sweep.csv --json'.split(' ');
  const { status, stdout, stderr } = await synth(words, folder);
  expect(stderr).toContain('Written: ./sweep--0.5.csv; ./sweep--0.5.csv.manifest.json\n');
  expect(status).toBe(0);
  const manifests = JSON.parse(stdout);
  expect(manifests).toMatchObject([
    {
      cosine: [
        [1, -0.5],
        [-0.5, 1],
      ],
      rows: 50,
      dimension: 3,
      binary: { positiveRate: 0.2 },
    },
    {
      cosine: [
        [1, 0.5],
        [0.5, 1],
      ],
    },
  ]);
  expect(readFileSync(join(folder, 'sweep-0.5.csv'), 'utf8').split('\n', 1)).toEqual(['x1,x2,x3,y1,y2']);
});

test('a matrix is one correlation, whatever its commas', async () => {
  const folder = temporaryFolder();
  const words = ['--correlation', ' [[1,0.5],[0.5,1]]', '--rows', '9', '--dim', '3', '--out', 'one.csv', '--json'];
  const { status, stdout, stderr } = await synth(words, folder);
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout).cosine).toEqual([
    [1, 0.5],
    [0.5, 1],
  ]);
  expect(readdirSync(folder).toSorted()).toEqual(['one.csv', 'one.csv.manifest.json']);
});

test('--kind chooses the process; words are options of its loader', async () => {
  const folder = temporaryFolder();
  const words = ['--kind', 'funnel', '--rows', '200', 'users=30', 'items=20', 'rates.CTR=0.2', '--json'];
  const { status, stdout } = await synth(words, folder);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'funnel', users: 30, items: 20, rates: { asked: { CTR: 0.2 } } });
  expect(existsSync(join(folder, 'datasets/funnel.csv'))).toBe(true);
});

test.each([
  [['--dim', '0'], "--dim: 'dimension': it must be above 0"],
  [['--rows', 'many'], "--rows: 'rows': expected number, received string."],
  [['--kind', 'funnel', '--dim', '3'], "--dim: 'dimension': unknown key"],
  [['--kind', 'funnel', 'rates.click=0.1'], "override 'rates.click=0.1': 'rates.click': unknown key"],
  [['--kind', 'funnels'], "Unknown kind 'funnels' (did you mean 'funnel'?)"],
  [['--out', 'table.xls'], 'the ending says the format'],
  [['--correlation', 'nonsense'], "--correlation: 'correlation': expected number, received string"],
  [['--correlation', '[[1,0.5],[0.5'], '--correlation: the value is not valid YAML: '],
  [
    ['--correlation', '0.2,-0.9', '--tasks', '3'],
    '3 weight vectors cannot all have a correlation below -0.5, but it is -0.9.',
  ],
  [['--correlation', '0.2,0.5,0.20'], '--correlation: 0.20 gives the same rows as another value of the list'],
])('%j is refused in one line, with exit code 2', async (words, message) => {
  const folder = temporaryFolder();
  const { status, stdout, stderr } = await synth(words, folder);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect([status, stdout]).toEqual([2, '']);
  expect(readdirSync(folder)).toEqual([]);
});

test('an interrupted file leaves nothing, and what was there stays', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'rows.arrow');
  await synth(['--rows', '20', '--dim', '3', '--out', out], folder);
  const before = readFileSync(out);
  const work = synth(['--rows', '50000000', '--dim', '40', '--out', out], folder);
  await until('a part is written', () => readdirSync(folder).some((name) => name.endsWith('.tmp')));
  process.emit('SIGINT');
  const { status, stdout, stderr } = await work;
  expect([status, stdout], stderr).toEqual([130, '']);
  expect(stderr).toMatch(/^ple: Interrupted: .*rows\.arrow is not written\.$/m);
  expect(readdirSync(folder).toSorted()).toEqual(['rows.arrow', 'rows.arrow.manifest.json']);
  expect(readFileSync(out).equals(before)).toBe(true);
});

test('a folder is no file to be written', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'rows.csv'));
  const { status, stderr } = await synth(['--rows', '20', '--out', 'rows.csv'], folder);
  expect(stderr).toBe('ple: rows.csv is a folder; name the file to be written.\n');
  expect(status).toBe(2);
  expect(readdirSync(folder)).toEqual(['rows.csv']);
});

test.skipIf(process.platform === 'win32')(
  'a name that would steer the terminal is written as it is, and printed without',
  async () => {
    const folder = temporaryFolder();
    const name = 'red\u001b[31m\n.csv';
    const { status, stderr } = await synth(['--correlation', '0', '--rows', '9', '--dim', '3', '--out', name], folder);
    expect(status).toBe(0);
    expect(readdirSync(folder)).toContain(name);
    expect(stderr).toContain('Written: red\ufffd[31m\ufffd.csv; ');
  },
);
