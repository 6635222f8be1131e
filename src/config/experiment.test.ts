import { expect, test } from 'vitest';
import { z } from 'zod';
import { catalogue } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import type { Definitions } from './definitions.js';
import { parseExperiment, stringifyExperiment } from './experiment.js';
import { hash8, withoutDefaults } from './hash.js';

const definitions: Definitions = {
  loaders: catalogue('loader', [
    {
      name: 'file',
      paths: ['path'],
      options: z.strictObject({ loader: z.literal('file'), path: z.string(), rows: z.int().default(5) }),
    },
  ]),
  models: catalogue('model', [
    { name: 'flat', options: z.strictObject({ type: z.literal('flat'), experts: z.int() }) },
    {
      name: 'deep',
      options: z.strictObject({
        type: z.literal('deep'),
        experts: z.union([z.int(), z.strictObject({ shared: z.int(), task: z.int() })]),
      }),
    },
  ]),
  weightSchedules: catalogue('loss-weight schedule', [
    { name: 'constant', options: z.strictObject({ type: z.literal('constant') }) },
  ]),
  balancings: catalogue('balancing', [{ name: 'fixed', options: z.strictObject({ type: z.literal('fixed') }) }]),
  optimizers: catalogue('optimizer', [
    {
      name: 'adam',
      options: z.strictObject({
        type: z.literal('adam'),
        learningRate: z.number().default(0.001),
        schedule: z.looseObject({}).optional(),
      }),
    },
    {
      name: 'decaying',
      options: z.strictObject({
        type: z.literal('decaying'),
        l2: z.number().default(0),
        l2Embeddings: z.number().default(0),
        weightDecay: z.number().default(0.01),
        weightDecayEmbeddings: z.number().default(0),
      }),
    },
  ]),
  learningRateSchedules: catalogue('learning-rate schedule', [
    { name: 'cosine', options: z.strictObject({ type: z.literal('cosine'), minimum: z.number().default(0) }) },
  ]),
  metrics: catalogue('metric', [{ name: 'auc', type: 'binary', better: 'higher' }]),
  plugins: [],
  baseline: 'deep',
};

const whole = `name: test
dataset: { loader: file, path: a }
tasks:
  - { name: click, type: binary }
  - { name: share, type: binary }
model:
  type: deep
  experts: { shared: 1, task: 2 }
train:
  epochs: 3
  batchSize: 8
  optimizer: { type: adam }
`;

const parse = (text: string, overrides: string[] = []) => parseExperiment(text, 'config.yaml', overrides, definitions);

function changed(from: string, to: string): string {
  if (!whole.includes(from)) throw new Error(`no '${from}'`);
  return whole.replace(from, to);
}

test('a config is resolved with every default', () => {
  const experiment = parse(whole);
  expect(experiment.seed).toBe(0);
  expect(experiment.dataset).toEqual({ loader: 'file', path: 'a', rows: 5 });
  expect(experiment.train.optimizer).toEqual({ type: 'adam', learningRate: 0.001 });
  expect(experiment.train.earlyStopping).toEqual({ monitor: 'mean', patience: null });
  expect(experiment.engine).toEqual({ name: 'compiled', device: 'auto' });
  expect(experiment.loss).toEqual({ schedule: { type: 'constant' }, balancing: { type: 'fixed' }, weights: {} });
});

test('a resolved config parses to itself', () => {
  const experiment = parse(whole);
  expect(parse(stringifyExperiment(experiment))).toEqual(experiment);
  const apart = parse(whole, ['train.optimizer={ type: decaying }', 'train.optimizers.embeddings={ type: decaying }']);
  expect(parse(stringifyExperiment(apart))).toEqual(apart);
  expect(apart.train.optimizers?.embeddings).toEqual({ type: 'decaying', l2Embeddings: 0, weightDecayEmbeddings: 0 });
});

test('an option of weights among those of embeddings is refused', () => {
  expect(() => parse(whole, ['train.optimizers.embeddings={ type: decaying, l2: 0.1 }'])).toThrow(
    "'train.optimizers.embeddings.l2': it is of weights, and these are embeddings: say l2Embeddings.",
  );
});

test.each(['l2Embeddings', 'weightDecayEmbeddings'])(
  '%s of the optimizer is refused where embeddings have their own',
  (key) => {
    const words = [`train.optimizer={ type: decaying, ${key}: 0.1 }`];
    expect(() => parse(whole, words)).not.toThrow();
    expect(() => parse(whole, [...words, 'train.optimizers.embeddings={ type: adam }'])).toThrow(
      `'train.optimizer.${key}': has no effect beside train.optimizers.embeddings: say train.optimizers.embeddings.${key}.`,
    );
  },
);

test.each([
  ['a text that is not YAML', 'name: [a', /^config\.yaml:1:9: not valid YAML/],
  [
    'a misspelt key',
    changed('batchSize: 8', 'batchsize: 8'),
    /^config\.yaml:11:3: 'train\.batchsize': unknown key \(did you mean 'batchSize'\?\)/,
  ],
  [
    'a key that JavaScript loses',
    changed('batchSize: 8', 'batchSize: 8\n  __proto__: {}'),
    /^config\.yaml:12:3: '__proto__' cannot be a key/,
  ],
  [
    'a positiveWeight of a regression task',
    changed('name: share, type: binary', 'name: share, type: regression, positiveWeight: 2'),
    /^config\.yaml:5:38: 'tasks\.1\.positiveWeight': only binary tasks have positives/,
  ],
  [
    'a wrong type',
    changed('epochs: 3', 'epochs: many'),
    /^config\.yaml:10:3: 'train\.epochs': expected number, received string/,
  ],
  [
    'a count without bounds',
    changed('epochs: 3', 'epochs: 1e9'),
    /^config\.yaml:10:3: 'train\.epochs': it must be at most 100000: every epoch is a line of epochs\.jsonl and/,
  ],
  ['a missing key', changed('  epochs: 3\n', ''), /^config\.yaml:9:1: 'train\.epochs': is missing/],
  [
    'a minDelta that nothing waits for',
    changed('batchSize: 8', 'batchSize: 8\n  earlyStopping: { minDelta: 0.01 }'),
    /^config\.yaml:12:20: 'train\.earlyStopping\.minDelta': has no effect without patience/,
  ],
  [
    'an unknown model',
    changed('type: deep', 'type: deeep'),
    /^config\.yaml:7:3: 'model\.type': unknown model 'deeep' \(did you mean 'deep'\?\); there are: flat, deep/,
  ],
  [
    'a task that is listed twice',
    changed('name: share', 'name: click'),
    /^config\.yaml:5:7: 'tasks\.1\.name': task 'click' is listed twice/,
  ],
  [
    'a weight of no task',
    `${whole}loss: { weights: { clik: { initial: 2 } } }\n`,
    /^config\.yaml:13:20: 'loss\.weights\.clik': no task 'clik' \(did you mean 'click'\?\)/,
  ],
  [
    'a monitor of no metric',
    changed('batchSize: 8', 'batchSize: 8\n  earlyStopping: { monitor: "metric:aucc" }'),
    /^config\.yaml:12:20: 'train\.earlyStopping\.monitor': no task is judged by a metric 'aucc' \(did you mean 'auc'\?\); there are: auc\.$/,
  ],
  [
    'an attention without a target',
    `${whole}inputs: { columns: { history: { pool: attention } } }\n`,
    /^config\.yaml:13:22: 'inputs\.columns\.history\.target': is missing: pool: attention needs the name of a categorical column/,
  ],
  [
    'a password in a server’s address',
    `${whole}tracking: { mlflow: http://me:secret@localhost:5000 }\n`,
    /^config\.yaml:13:13: 'tracking\.mlflow': set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD/,
  ],
  ['a name that is no folder name', changed('name: test', 'name: ../up'), /^config\.yaml:1:1: 'name': /],
])('%s is one line with its place', (_, text, message) => {
  expect(() => parse(text)).toThrow(message);
  expect(() => parse(text)).not.toThrow(/\n/);
});

test('a dataset that names no loader says what it may name', () => {
  expect(() => parse(changed('{ loader: file, path: a }', '{ pth: a, form: shop }'))).toThrow(
    /^config\.yaml:2:1: 'dataset\.loader': say loader: NAME \(file\), or from: NAME of a dataset file \(.*census-income, .*\)\.$/,
  );
});

test('mistakes are told at once; checks across fields run on values of the right types', () => {
  const text = `name: test
seed: -1
dataset: { loader: file, path: 3, pat: a }
tasks:
  - { name: click, type: binary, standardize: true }
  - { name: click, typ: binary }
model: { type: deeep, experts: 2 }
loss: { weights: { clik: { initial: 2 } } }
train:
  epochs: many
  batchsize: 8
  optimizer: { type: adam, learningRate: fast, schedule: { type: cosine, minimum: x } }
  earlyStopping: { monitor: task:shares, minDelta: 1 }
`;
  const told = (text: string): readonly string[] => {
    try {
      parse(text);
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
    }
    return [];
  };
  const places = (text: string) => told(text).map((fault) => /:(\d+:\d+: '[^']*')/.exec(fault)?.[1]);
  expect(places(text)).toEqual([
    "2:1: 'seed'",
    "3:26: 'dataset.path'",
    "3:35: 'dataset.pat'",
    "5:34: 'tasks.0.standardize'",
    "6:20: 'tasks.1.typ'",
    "7:10: 'model.type'",
    "10:3: 'train.epochs'",
    "11:3: 'train.batchsize'",
    "12:28: 'train.optimizer.learningRate'",
    "12:74: 'train.optimizer.schedule.minimum'",
    "13:42: 'train.earlyStopping.minDelta'",
  ]);
  const typed = `name: test
dataset: { loader: file, path: a, pat: a }
tasks:
  - { name: click, type: binary, standardize: true }
  - { name: click, type: binary }
model: { type: deep, experts: 2 }
loss: { weights: { clik: { initial: 2 } } }
train:
  epochs: 3
  batchSize: 8
  optimizer: { type: adam }
  earlyStopping: { monitor: task:shares }
`;
  expect(places(typed)).toEqual([
    "2:35: 'dataset.pat'",
    "4:34: 'tasks.0.standardize'",
    "5:7: 'tasks.1.name'",
    "7:20: 'loss.weights.clik'",
    "12:20: 'train.earlyStopping.monitor'",
  ]);
});

test('overrides replace and add values, and are named in errors', () => {
  const experiment = parse(whole, [
    'train.epochs=7',
    'train.optimizer={type: adam, learningRate: 0.5}',
    'tasks.1.name=buy',
  ]);
  expect(experiment.train.epochs).toBe(7);
  expect(experiment.train.optimizer).toEqual({ type: 'adam', learningRate: 0.5 });
  expect(experiment.tasks[1]?.name).toBe('buy');
  expect(() => parse(whole, ['train.epoch=7'])).toThrow(
    /^override 'train\.epoch=7': 'train\.epoch': unknown key \(did you mean 'epochs'\?\)/,
  );
  for (const [word, path] of Object.entries({
    ...{ epochs: 'train.epochs', learningRate: 'train.optimizer.learningRate', lr: 'train.optimizer.learningRate' },
    ...{ patience: 'train.earlyStopping.patience', device: 'engine.device' },
  }))
    expect(() => parse(whole, [`${word}=7`])).toThrow(
      `override '${word}=7': '${word}': unknown key (did you mean '${path}'?)`,
    );
  for (const [word, meant] of [
    ['train.batch_size=9', 'batchSize'],
    ['train.bs=9', 'batchSize'],
    ['train.optimizer={ type: decaying, wd: 0 }', 'weightDecay'],
  ])
    expect(() => parse(whole, [word ?? ''])).toThrow(`unknown key (did you mean '${meant}'?)`);
  expect(() => parse(whole, ['train.constructor=0'])).toThrow(/unknown key; known keys: epochs, /);
  expect(() => parse(whole, ['epochs'])).toThrow(/'epochs' is not an override/);
});

test('tracking is off unless it is named, and the experiment has the name of the config', () => {
  expect(parse(whole)).not.toHaveProperty('tracking');
  expect(parse(whole, ['tracking.tensorboard=true']).tracking).toEqual({ tensorboard: true });
  const server = { tensorboard: false, mlflow: 'https://host/mlflow' };
  expect(parse(whole, ['tracking.mlflow=https://host/mlflow']).tracking).toEqual({ ...server, experiment: 'test' });
});

test('hash8 is of what decides the result', () => {
  const hash = (overrides: string[], checksum = 'c') => hash8(parse(whole, overrides), checksum, definitions);
  const first = hash([]);
  expect(first).toMatch(/^[0-9a-f]{8}$/);
  expect(hash(['name=other', 'engine.name=tfjs', 'engine.threads=1', 'dataset.path=b'])).toBe(first);
  expect(hash(['tracking.tensorboard=true', 'tracking.mlflow=http://localhost:5000'])).toBe(first);
  expect(hash(['dataset.rows=5'])).toBe(first); // a default that is written out
  expect(hash(['inputs.unseen=apart'])).toBe(first); // nothing is rare
  const counted = hash(['inputs.minCount=2']);
  expect(hash(['inputs.minCount=2', 'inputs.unseen=rare'])).toBe(counted);
  expect(hash(['inputs.minCount=2', 'inputs.unseen=apart'])).not.toBe(counted);
  const others = ['seed=1', 'train.epochs=4', 'dataset.rows=6'];
  expect(new Set([first, counted, hash([], 'd'), ...others.map((word) => hash([word]))]).size).toBe(6);
});

test('a default that is filled in where it is read is one, when it is written out, too', () => {
  const schema = z.object({ mark: z.string().optional().meta({ default: '.' }), other: z.string().optional() });
  expect(withoutDefaults(schema, { mark: '.', other: '.' })).toEqual({ other: '.' });
});

test('a new key with a default keeps the hash of runs, at any depth', () => {
  const more = (name: string, options: z.ZodObject) => ({
    name,
    options: options.safeExtend({ later: z.strictObject({ on: z.boolean().default(false) }).prefault({}) }),
  });
  const later: Definitions = {
    ...definitions,
    models: catalogue(
      'model',
      definitions.models.all.map(({ name, options }) => more(name, options)),
    ),
    optimizers: catalogue(
      'optimizer',
      definitions.optimizers.all.map(({ name, options }) => more(name, options)),
    ),
    balancings: catalogue(
      'balancing',
      definitions.balancings.all.map(({ name, options }) => more(name, options)),
    ),
  };
  const hash = (words: string[], known: Definitions) =>
    hash8(parseExperiment(whole, 'config.yaml', words, known), 'c', known);
  const decaying = ['train.optimizer={ type: decaying }', 'train.optimizers.embeddings={ type: decaying }'];
  for (const words of [[], decaying, ['model={ type: flat, experts: 2 }']]) {
    expect(hash(words, later)).toBe(hash(words, definitions));
    expect(hash([...words, 'model.later.on=true'], later)).not.toBe(hash(words, definitions));
  }
});
