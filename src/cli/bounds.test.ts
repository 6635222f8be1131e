import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
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

test('a config has at most 16 MiB, whatever kind of file it is', soon, async () => {
  writeFileSync(file, ' '.repeat(2 ** 24 + 1));
  await expect(readConfig(file, [])).rejects.toThrow('has more than 16 MiB');
  await expect(readConfig('/dev/zero', [])).rejects.toThrow('/dev/zero has more than 16 MiB');
  await expect(readConfig(folder, [])).rejects.toThrow(
    /Cannot read the config .*: illegal operation on a directory \(EISDIR\)/,
  );
});
