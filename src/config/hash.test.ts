import { expect, test } from 'vitest';
import { z } from 'zod';
import { catalogue } from '../support/catalogue.js';
import { definitions } from '../training/definitions.js';
import type { Chosen, Definitions } from './definitions.js';
import { parseExperiment, stringifyExperiment } from './experiment.js';
import { hash8, withoutDefaults } from './hash.js';

const text = `name: test
dataset: { loader: synthetic, rows: { train: 100, validation: 50, test: 50 }, dimension: 4 }
tasks: [{ name: click, type: binary }, { name: share, type: binary }]
model: { type: cgc, experts: { shared: 1, task: 2 } }
train: { epochs: 3, batchSize: 8, optimizer: { type: adam } }
`;
const parse = (words: readonly string[] = [], known: Definitions = definitions) =>
  parseExperiment(text, 'config.yaml', words, known);
const hash = (words: readonly string[] = [], known: Definitions = definitions, checksum = 'c') =>
  hash8(parse(words, known), checksum, known);
const apart = ['train.optimizer={ type: adamw }', 'train.optimizers.embeddings={ type: adamw }'];

test('a resolved config parses to itself, and has no options of weights among those of embeddings', () => {
  for (const words of [[], apart, ['tracking.mlflow=https://host/mlflow']]) {
    const experiment = parse(words);
    expect(parseExperiment(stringifyExperiment(experiment), 'resolved.yaml', [], definitions)).toEqual(experiment);
  }
  expect(Object.keys(parse(apart).train.optimizers?.embeddings ?? {}).toSorted()).toEqual(
    ['beta1', 'beta2', 'epsilon', 'l2Embeddings', 'learningRate', 'type', 'weightDecayEmbeddings'].toSorted(),
  );
});

test('tracking is off unless it is named, and the experiment has the name of the config', () => {
  expect(parse()).not.toHaveProperty('tracking');
  expect(parse(['tracking.tensorboard=true']).tracking).toEqual({ tensorboard: true });
  const mlflow = 'https://host/mlflow';
  expect(parse([`tracking.mlflow=${mlflow}`]).tracking).toEqual({ tensorboard: false, mlflow, experiment: 'test' });
});

test.each([
  ['name=other', 'engine.name=tfjs', 'engine.threads=1'],
  ['tracking.tensorboard=true', 'tracking.mlflow=http://localhost:5000'],
  ['dataset.correlation=0.5', 'inputs.unseen=apart'], // a default that is written out; nothing is rare
  ['tasks.0.loss=bce', 'tasks.0.positiveWeight=1', 'model.experts.shared=1'],
])('what decides no result is in no hash: %s', (...words) => {
  expect(hash(words)).toBe(hash());
});

test('what decides the result is in the hash', () => {
  const counted = ['inputs.minCount=2'];
  expect(hash([...counted, 'inputs.unseen=rare'])).toBe(hash(counted));
  const others = [['seed=1'], ['train.epochs=4'], ['dataset.dimension=6'], ['tasks.0.positiveWeight=2'], counted];
  const hashes = [...others, [...counted, 'inputs.unseen=apart'], []].map((words) => hash(words));
  expect(new Set([...hashes, hash([], definitions, 'd')]).size).toBe(8);
  expect(hash()).toMatch(/^[0-9a-f]{8}$/);
});

test('a default that is filled in where it is read is one, when it is written out, too', () => {
  const schema = z.object({ mark: z.string().optional().meta({ default: '.' }), other: z.string().optional() });
  expect(withoutDefaults(schema, { mark: '.', other: '.' })).toEqual({ other: '.' });
});

test('a new key with a default keeps the hash of runs, at any depth', () => {
  const key = { later: z.strictObject({ on: z.boolean().default(false) }).prefault({}) };
  const more = (kind: string, all: readonly Chosen[]) =>
    catalogue<Chosen>(
      kind,
      all.map((one) => ({ ...one, options: one.options.safeExtend(key) })),
    );
  const { models, optimizers, balancings } = definitions;
  const later = {
    ...definitions,
    models: more('model', models.all),
    optimizers: more('optimizer', optimizers.all),
    balancings: more('balancing', balancings.all),
  };
  for (const words of [[], apart, ['model={ type: mmoe, experts: 2 }']]) {
    expect(hash(words, later)).toBe(hash(words));
    expect(hash([...words, 'model.later.on=true'], later)).not.toBe(hash(words));
  }
});
