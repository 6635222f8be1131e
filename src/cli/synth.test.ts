import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { until } from './compare.fixture.js';

const synth = (words: readonly string[], cwd: string) => pleHere(['synth', ...words], { cwd });

test('flags set options; several correlations are refused', async () => {
  const folder = temporaryFolder();
  const words = '--correlation -0.5 --rows 50 --dim 3 --out rows.csv --json'.split(' ');
  const { stdout, stderr } = await succeeded(synth(words, folder));
  expect(stderr).toContain('Written: rows.csv; rows.csv.manifest.json\n');
  const cosine = [
    [1, -0.5],
    [-0.5, 1],
  ];
  expect(JSON.parse(stdout)).toMatchObject({ cosine, rows: 50, dimension: 3 });
  expect(readFileSync(join(folder, 'rows.csv'), 'utf8').split('\n', 1)).toEqual(['x1,x2,x3,y1,y2']);
  expect(await synth(['--correlation', '0.2,0.5'], folder)).toMatchObject({
    status: 2,
    stderr: 'ple: --correlation takes one value, or a matrix: call ple synth once for each value.\n',
  });
  const { stderr: wrong } = await synth(['--dim', 'x'], folder);
  expect(wrong).toMatch(/^ple: --dim x: 'dimension': expected number/);
});

test('--kind chooses the process; words are options of its loader', async () => {
  const folder = temporaryFolder();
  const words = ['--kind', 'funnel', '--rows', '200', 'users=30', 'items=20', 'rates.CTR=0.2', '--json'];
  const { stdout } = await succeeded(synth(words, folder));
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'funnel', users: 30, items: 20, rates: { asked: { CTR: 0.2 } } });
  expect(existsSync(join(folder, 'datasets/funnel.csv'))).toBe(true);
});

test('an interrupted file leaves nothing, and what was there stays', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'rows.parquet');
  await synth(['--rows', '20', '--dim', '3', '--out', out], folder);
  const before = readFileSync(out);
  const refused = await synth(['--rows', '30', '--dim', '3', '--out', out], folder);
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('exists already: --force replaces it')]);
  const work = synth(['--rows', '50000000', '--dim', '40', '--force', '--out', out], folder);
  await until('a part is written', () => readdirSync(folder).some((name) => name.endsWith('.tmp')));
  process.emit('SIGINT');
  const { status, stdout, stderr } = await work;
  expect([status, stdout], stderr).toEqual([130, '']);
  expect(stderr).toMatch(/^ple: Interrupted: .*rows\.parquet is not written\.$/m);
  expect(readdirSync(folder).toSorted()).toEqual(['rows.parquet', 'rows.parquet.manifest.json']);
  expect(readFileSync(out).equals(before)).toBe(true);
});
