import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema, describedKeys } from '../config/config-schema.js';
import { parseExperiment } from '../config/experiment.js';
import { hash8 } from '../config/hash.js';
import { definitions } from './definitions.js';

const shippedHash = (model: string, overrides: readonly string[] = [], known = definitions) => {
  const file = join(import.meta.dirname, `../../configs/census-income/${model}.yaml`);
  return hash8(parseExperiment(readFileSync(file, 'utf8'), file, overrides, definitions), 'abc', known);
};

// Stored runs have these names. A changed one renames the runs of users: raise `protocol` with it.
test.each([
  ['single-task', '64fd58e2'],
  ['mmoe', '0323c94f'],
  ['ple', 'f73adba2'],
])('a run of %s keeps its hash', (model, hash) => {
  expect(shippedHash(model)).toBe(hash);
});

// A default is no part of a hash. Where a line of the file changes, raise `protocol`, or the `revision` of the part:
// else a finished run is taken for one with the new default. A new line needs nothing.
test('defaults are those that stored runs were trained with', async () => {
  const keys = describedKeys(configSchema(definitions)).filter(
    ({ path: [first = ''] }) => !['compare', 'execute', 'engine', 'tracking'].includes(first),
  );
  const lines = keys.flatMap(({ path, of, standards }) =>
    standards.map((standard, index) => `${[path.join('.'), of[index]].filter(Boolean).join(' of ')}: ${standard}\n`),
  );
  const given = lines.filter((line) => !/: (required)?\n$/.test(line));
  await expect(given.toSorted().join('')).toMatchFileSnapshot('goldens/defaults.txt');
});

test('a loader that is a dataset file now is told as such', () => {
  const file = join(import.meta.dirname, '../../configs/census-income/ple.yaml');
  const text = readFileSync(file, 'utf8').replace('from: census-income', 'loader: census-income');
  expect(() => parseExperiment(text, file, [], definitions)).toThrow(
    /'dataset\.loader': it is a dataset file: say dataset: \{ from: census-income \}/,
  );
});

test('a raised revision of a part renames runs that use it, and no others', () => {
  const { balancings } = definitions;
  const all = balancings.all.map((method) => (method.name === 'famo' ? { ...method, revision: 99 } : method));
  const later = { ...definitions, balancings: { ...balancings, all } };
  expect(shippedHash('ple', ['loss.balancing.type=famo'], later)).not.toBe(
    shippedHash('ple', ['loss.balancing.type=famo']),
  );
  expect(shippedHash('ple', ['loss.balancing.type=dwa'], later)).toBe(shippedHash('ple', ['loss.balancing.type=dwa']));
});
