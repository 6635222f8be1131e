import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPle, until } from './compare.fixture.js';

let folder = '';
let [run, comparison] = ['', ''];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-reading-'));
  const rows = Array.from({ length: 2000 }, (_, row) => `${row / 7},${row % 5},${row % 2},${row % 3 === 0 ? 1 : 0}\n`);
  writeFileSync(join(folder, 'rows.csv'), `a,b,y1,y2\n${rows.join('').repeat(400)}`); // it takes seconds to read
  const data = `name: slow
dataset: { loader: table, path: ${join(folder, 'rows.csv')}, cache: ${join(folder, 'cache')}, tasks: { y1: {}, y2: {} } }
tasks: [{ name: y1, type: binary }, { name: y2, type: binary }]
train: { epochs: 1, batchSize: 256, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu }
`;
  const model = '{ type: hard-sharing, levels: [[4]], tower: [] }';
  [run, comparison] = [join(folder, 'run.yaml'), join(folder, 'comparison.yaml')];
  writeFileSync(run, `${data}model: ${model}\n`);
  writeFileSync(comparison, `${data}compare: { models: [${model}], seeds: 2 }\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const runs = () => ['--runs', join(folder, 'runs')];
const halfWritten = () => readdirSync(folder).includes('cache') && readdirSync(join(folder, 'cache')).length > 0;

const oneLine =
  /^(note: Kinds of columns were inferred .*\n)?ple: Interrupted: the data were not read to their end\.\n$/;
test.each<[NodeJS.Signals, string, () => string[], RegExp]>([
  ['SIGINT', 'data prepare', () => [run], oneLine],
  ['SIGINT', 'data inspect', () => [run], oneLine],
  ['SIGTERM', 'train', () => ['--config', run, ...runs()], oneLine],
  ['SIGINT', 'compare', () => ['--config', comparison, ...runs()], /\nInterrupted\. The same command continues/],
  ['SIGTERM', 'compare --dry-run', () => ['--config', comparison, ...runs()], /\nple: Interrupted\.\n$/],
])('%s while ple %s reads data ends it, and nothing half-written stays', async (signal, command, words, said) => {
  const started = startPle([...command.split(' '), ...words()]);
  await until('a preparation has begun', halfWritten);
  process.kill(-started.pid, signal); // to the whole group, as a terminal does
  const { status, stdout, stderr } = await started.finished;
  expect(status, stderr).toBe(130);
  expect(stderr).toMatch(said);
  expect(stdout).toBe('');
  expect(readdirSync(folder).flatMap((name) => (name === 'cache' ? readdirSync(join(folder, name)) : []))).toEqual([]);
});

test('SIGINT while ple data inspect FILE --write reads a table ends it, and nothing stays in the temporary folder', async () => {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const words = ['data', 'inspect', join(folder, 'rows.csv'), '--write'];
  const started = startPle(words, { env: { TMPDIR: temporary } });
  await until('a reading has begun', () => readdirSync(temporary).length > 0);
  process.kill(-started.pid, 'SIGINT');
  const { status, stdout, stderr } = await started.finished;
  expect(status, stderr).toBe(130);
  expect(stderr).toMatch(oneLine);
  expect(stdout).toBe('');
  expect(readdirSync(temporary)).toEqual([]);
});
