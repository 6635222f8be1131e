import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { numberOf } from '../data/table/cell.js';
import { findDataFiles } from '../data/table/data-files.js';
import { LabelPairs } from '../inspect/label-pairs.js';
import { folderOfFile } from './command.fixture.js';
import { readComparison, readConfig } from './input/config-file.js';

const folder = folderOfFile();
const file = join(folder, 'config.yaml');
const comparison = (compare: string) => {
  writeFileSync(
    file,
    `name: bounds
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }]
train: { epochs: 1, batchSize: 5, optimizer: { type: adam } }
compare:
  models: [{ type: single-task, levels: [[4]], tower: [] }]
${compare}`,
  );
  return readComparison(file, []);
};
/** What would be a loop of seconds, or of years, takes less. */
const soon = { timeout: 30_000 };
beforeAll(async () => {
  await comparison('  seeds: 1\n'); // imports
});

test('more runs than a machine could hold are refused before they are made', soon, async () => {
  const axes = Array.from(
    { length: 8 },
    (_, axis) => `    train.a${axis}: [${Array.from({ length: 10 }, (_, i) => i)}]\n`,
  );
  await expect(comparison(`  seeds: 1\n  axes:\n${axes.join('')}`)).rejects.toThrow(
    /'compare': .* make 200,000,000 runs; 20,000 is the/,
  );
  await expect(comparison(`  seeds: 10000\n  axes: { train.epochs: [1, 2, 3] }\n`)).rejects.toThrow(/make 30,003 runs/);
  const space = axes.map((line) => `  ${line}`).join('');
  await expect(comparison(`  seeds: 1\n  tune:\n${space}`)).rejects.toThrow(/make 100,000,001 runs/);
});

test('a config of very many keys, or of one twice, is told about soon', soon, async () => {
  const keys = Array.from({ length: 20_000 }, (_, key) => `k${key}: 1\n`).join('');
  writeFileSync(file, keys);
  await expect(readConfig(file, [])).rejects.toThrow('unknown key');
  writeFileSync(file, 'name: a\nseed: 1\nname: b\n');
  await expect(readConfig(file, [])).rejects.toThrow('config.yaml:3:1: not valid YAML: Map keys must be unique.');
});

test('a config has at most 16 MiB, whatever kind of file it is', soon, async () => {
  writeFileSync(file, ' '.repeat(2 ** 24 + 1));
  await expect(readConfig(file, [])).rejects.toThrow('has more than 16 MiB');
  await expect(readConfig('/dev/zero', [])).rejects.toThrow('/dev/zero has more than 16 MiB');
  await expect(readConfig(folder, [])).rejects.toThrow(
    /Cannot read the config .*: illegal operation on a directory \(EISDIR\)/,
  );
});

test('numbers of very many digits are read, or refused, in linear time', soon, async () => {
  const digits = '1'.repeat(200_000);
  expect(numberOf(`${digits}x`)).toBeNaN();
  expect([numberOf('1.'), numberOf('.5'), numberOf('1.25e1'), numberOf('-2')]).toEqual([1, 0.5, 12.5, -2]);
  expect(numberOf('.')).toBeNaN();
  await expect(comparison(`  seeds: 1\n  margin: { mse: '${digits}' }\n`)).rejects.toThrow(
    "a percentage above 0, such as '1 %'",
  );
});

test('a pattern of many stars is tried in little time', soon, async () => {
  for (const name of ['a'.repeat(120), 'abc.csv', 'b.csv', '.hidden.csv']) writeFileSync(join(folder, name), 'x');
  const found = async (pattern: string) =>
    (await findDataFiles([join(folder, pattern)])).map(({ path }) => path.slice(folder.length + 1));
  await expect(found(`${'*a'.repeat(40)}*b`)).rejects.toThrow('No file matches');
  expect(await found(`${'*a'.repeat(40)}*`)).toEqual(['a'.repeat(120)]);
  expect(await found('*.csv')).toEqual(['abc.csv', 'b.csv']);
  expect(await found('?.c*v**')).toEqual(['b.csv']);
  expect(await found('a?c.*')).toEqual(['abc.csv']);
});

test('of very many tasks the pairs of the first 64 are compared', () => {
  const tasks = Array.from({ length: 1000 }, (_, task) => task);
  const pairs = new LabelPairs(tasks.map(String), tasks, 2, 2);
  const labels = tasks.map(() => Float32Array.of(0, 1));
  pairs.add({ rows: 2, columns: [], labels });
  expect(pairs.finish()).toHaveLength((64 * 63) / 2);
});
