import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hash8, parseExperiment } from '../config/experiment.js';
import { models } from '../models/catalogue.js';
import { requiredOptions } from '../models/run.fixture.js';
import { definitions } from './definitions.js';

const hashOf = (model: string, overrides: readonly string[] = []) => {
  const file = join(import.meta.dirname, `../../configs/census-income/${model}.yaml`);
  return hash8(parseExperiment(readFileSync(file, 'utf8'), file, overrides, definitions), 'abc', definitions);
};

// From before models had dropout, normalization and activation: stored runs have these names. A changed one renames the runs of users.
test.each([
  ['single-task', '0119668f'],
  ['asymmetric-sharing', '7b5d3d8d'],
  ['sluice', '891be848'],
  ['mmoe', '46dea90e'],
  ['cgc', '4ed221cf'],
  ['ple', '873aabea'],
])('a run of %s keeps its hash', (model, hash) => {
  expect(hashOf(model)).toBe(hash);
});

const whole = (model: string, more: string) => {
  const given = requiredOptions(model, 'income', 'never-married');
  const type = Object.entries({ type: model, ...given }).map(([key, value]) => `${key}: ${value}`);
  return hashOf('ple', [`model={ ${type.join(', ')}${more} }`]);
};

test.each(models.names)('options of all models have no part in the hash of %s by default', (model) => {
  expect(whole(model, ', dropout: 0, normalization: none, activation: relu')).toBe(whole(model, ''));
});

test('with another value each has one', () => {
  const others = ['', ', dropout: 0.1', ', dropout: { layers: 0.1 }', ', normalization: layer', ', activation: gelu'];
  expect(new Set(others.map((other) => whole('ple', other))).size).toBe(others.length);
});
