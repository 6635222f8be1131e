import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigError } from '../support/errors.js';
import { definitions } from '../training/definitions.js';
import { parseComparison } from './comparison.js';
import { configSchema, describedKeys, type Schema } from './config-schema.js';
import { parseExperiment } from './experiment.js';

const folder = resolve(import.meta.dirname, '../../configs');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
const schema = configSchema(definitions);
const isValid = new Ajv({ strict: false, allErrors: true }).compile(schema);

/** Where a validator of another make finds mistakes. */
function mistakes(text: string): string[] {
  isValid(parse(text));
  return (isValid.errors ?? []).map(({ instancePath }) => instancePath);
}

describe('the schema of configs', () => {
  test.each(files)('accepts configs/%s, whose first line names it', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(mistakes(text)).toEqual([]);
    const path = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? '';
    expect(resolve(dirname(join(folder, file)), path)).toBe(join(folder, 'ple.schema.json'));
  });

  const run = readFileSync(join(folder, 'census-income/ple.yaml'), 'utf8');
  const comparison = readFileSync(join(folder, 'census-income/compare.yaml'), 'utf8');
  test.each([
    ['a misspelt part', run, /^train:/m, 'trian:', ''],
    ['a key of another loader', run, 'from: census-income', 'loader: ali-ccp\n  country: NL', '/dataset'],
    ['a key of another model among them', comparison, 'type: mmoe', 'type: mmoe, alpha: 0.9', '/compare/models'],
  ])('refuses %s', (_, text, from, to, place) => {
    const wrong = text.replace(from, to);
    expect(wrong).not.toBe(text);
    expect(mistakes(wrong).filter((path) => path.startsWith(place))).not.toEqual([]);
  });

  test.each([
    [comparison, 'execute: slrum', '/execute'],
    [comparison, 'execute: http://queue:6379', '/execute'],
    [comparison, 'execute: redis://queue/a', '/execute'],
    [run, 'execute: slurm', ''],
    [run, 'tracking: { mlflow: localhost }', '/tracking/mlflow'],
    [run, 'tracking: { mlflow: "http://me:secret@localhost" }', '/tracking/mlflow'],
    [run, 'tracking: { experiment: a }', '/tracking'],
    [comparison.replace('compare:', 'compare:\n  margin: { auc: 0 % }'), '', '/compare/margin'],
    [comparison.replace('compare:', 'compare:\n  match: {}'), '', '/compare/match'],
    [comparison.replace('compare:', 'compare:\n  axes: { train.epochs: { times: [] } }'), '', '/compare/axes'],
    [comparison.replace('type: single-task', 'type: hard-sharing'), '', '/compare/models'],
  ])('refuses what the program refuses: %#', (text, line, place) => {
    const wrong = `${text}${line}\n`;
    expect(mistakes(wrong).filter((path) => path.startsWith(place))).not.toEqual([]);
    const read = text === run ? parseExperiment : parseComparison;
    expect(() => read(wrong, 'c.yaml', [], definitions)).toThrow(ConfigError);
  });

  test.each(['local', 'slurm', 'redis://h', 'rediss://u:p@h:6379/3', '{ on: slurm, arrayLimit: 4 }'])(
    'takes execute: %s, as the program does',
    (execute) => {
      const text = `${comparison}execute: ${execute}\n`;
      expect(mistakes(text)).toEqual([]);
      expect(() => parseComparison(text, 'c.yaml', [], definitions)).not.toThrow();
    },
  );

  test('says what every key does: at the key, or at the mapping above it for all its keys', () => {
    const silent: string[] = [];
    const visit = (part: Schema, path: string): void => {
      const values = Object.entries(part.properties ?? {}).flatMap(([name, value]) =>
        typeof value === 'boolean' ? [] : [{ name, value }],
      );
      const mute = values.filter(({ value }) => value.description === undefined);
      const allByTheMapping = mute.length === values.length && part !== schema && !part.title;
      if (!allByTheMapping) silent.push(...mute.map(({ name }) => `${path}.${name}`));
      for (const { name, value } of values) visit(value, `${path}.${name}`);
      for (const one of [...(part.oneOf ?? []), ...(part.anyOf ?? [])]) visit(one, path);
      for (const below of [part.items, part.additionalProperties])
        if (typeof below === 'object' && !Array.isArray(below)) visit(below, path);
    };
    visit(schema, '');
    // docs/config.md says what models take.
    expect(silent.filter((path) => !/^\.(compare\.models|model)\./.test(path))).toEqual([]);
  });

  test('bounds every count: a whole number without an upper limit is a seed or a column, or bounded elsewhere', () => {
    const unbounded = new Set<string>();
    const visit = (part: unknown, path: string): void => {
      if (typeof part !== 'object' || part === null) return;
      const [type, maximum]: readonly unknown[] = ['type', 'maximum'].map((key) => Reflect.get(part, key));
      if (type === 'integer' && !(Number(maximum) < Number.MAX_SAFE_INTEGER)) unbounded.add(path);
      for (const [key, below] of Object.entries(part))
        visit(below, key === 'properties' || /^(anyOf|oneOf|allOf|\d+)$/.test(key) ? path : `${path}.${key}`);
    };
    visit(JSON.parse(JSON.stringify(schema)), '');
    const column = String.raw`dataset\.(group|weight|split\.(column|group|stratify(\.items)?|time)|tasks\.\w+\.(column|weight|mask\.column))`;
    const seed = String.raw`(dataset\.)?seed|dataset\.splitSeed|compare\.(seeds\.items|tuneSeed(\.items)?)`;
    const others = String.raw`dataset\.tasks|compare\.(models\.items\.)?tune\.\w+\.integer\.items`; // at most dimension; each value is checked
    const known = new RegExp(`^\\.(${column}|${seed}|${others})$`);
    expect([...unbounded].filter((path) => !known.test(path))).toEqual([]);
  });

  test('has the value of a key that is not given', () => {
    const defaultsAt = (key: string) => describedKeys(schema).find(({ path }) => path.join('.') === key)?.standards;
    expect(defaultsAt('train.epochs')).toEqual(['required']);
    expect(defaultsAt('inputs.embedding')).toEqual(['4']);
    expect(defaultsAt('train.optimizer.learningRate')).toEqual(['0.001', '0.001', '0.01', '0.01', '0.001']);
    expect(defaultsAt('dataset.zipf')).toEqual(['{ users: 0.6, items: 1 }']);
  });
});
