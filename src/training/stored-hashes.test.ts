import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hash8, parseExperiment } from '../config/experiment.js';
import { models } from '../models/catalogue.js';
import { requiredOptions } from '../models/run.fixture.js';
import { definitions } from './definitions.js';

const hashOf = (model: string, overrides: readonly string[] = [], known = definitions) => {
  const file = join(import.meta.dirname, `../../configs/census-income/${model}.yaml`);
  return hash8(parseExperiment(readFileSync(file, 'utf8'), file, overrides, definitions), 'abc', known);
};

// Stored runs have these names. A changed one renames the runs of users: raise `protocol` with it.
test.each([
  ['single-task', 'e20ed5c3'],
  ['mmoe', 'c5824b3a'],
  ['ple', 'f4749cee'],
])('a run of %s keeps its hash', (model, hash) => {
  expect(hashOf(model)).toBe(hash);
});

test('a raised revision of a part renames runs that use it, and no others', () => {
  const { balancings } = definitions;
  const all = balancings.all.map((method) => (method.name === 'famo' ? { ...method, revision: 99 } : method));
  const later = { ...definitions, balancings: { ...balancings, all } };
  expect(hashOf('ple', ['loss.balancing.type=famo'], later)).not.toBe(hashOf('ple', ['loss.balancing.type=famo']));
  expect(hashOf('ple', ['loss.balancing.type=dwa'], later)).toBe(hashOf('ple', ['loss.balancing.type=dwa']));
});

const whole = (model: string, more: string) => {
  const given = requiredOptions(model, 'income', 'never-married');
  const type = Object.entries({ type: model, ...given }).map(([key, value]) => `${key}: ${value}`);
  return hashOf('ple', [`model={ ${type.join(', ')}${more} }`]);
};

test.each(models.names)('options of all models have no part in the hash of %s by default', (model) => {
  expect(whole(model, ', dropout: 0, normalization: none, activation: relu')).toBe(whole(model, ''));
});
