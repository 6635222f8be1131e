import { z } from 'zod';
import { catalogue } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { parseComparison } from './comparison.js';
import type { Definitions } from './definitions.js';

const widths = z.array(z.int().positive());
const layered = <Name extends string>(name: Name, more = {}) => ({
  name,
  options: z.strictObject({
    type: z.literal(name),
    levels: z.array(widths).default([[7, 5]]),
    tower: widths.default([3]),
    ...more,
  }),
});
const definitions: Definitions = {
  loaders: catalogue('loader', [
    {
      name: 'file',
      paths: ['path'],
      options: z.strictObject({
        loader: z.literal('file'),
        path: z.string(),
        mixing: z.number().default(0),
        splitSeed: z.unknown().optional(),
      }),
    },
  ]),
  models: catalogue('model', [layered('apart'), layered('deep', { experts: z.int().default(2) }), layered('flat')]),
  weightSchedules: catalogue('loss-weight schedule', [
    { name: 'constant', options: z.strictObject({ type: z.literal('constant') }) },
  ]),
  balancings: catalogue('balancing', [{ name: 'fixed', options: z.strictObject({ type: z.literal('fixed') }) }]),
  optimizers: catalogue('optimizer', [
    { name: 'adam', options: z.strictObject({ type: z.literal('adam'), learningRate: z.number().default(0.001) }) },
  ]),
  learningRateSchedules: catalogue('learning-rate schedule', []),
  metrics: catalogue('metric', [
    { name: 'auc', type: 'binary', better: 'higher' },
    { name: 'bias', type: 'binary', better: null },
    { name: 'mse', type: 'regression', better: 'lower' },
    { name: 'nmse', type: 'regression', better: 'lower', influence: () => null },
  ]),
  plugins: [],
  baseline: 'apart',
};

/** A comparison of made-up parts. */
export const whole = `name: test
compare:
  models:
    - { type: apart, levels: [[6], [4]], tower: [2] }
    - label: two experts
      type: deep
      experts: 2
    - { label: four, type: deep, experts: 4 }
  seeds: [2, 5]
dataset: { loader: file, path: a }
tasks:
  - { name: click, type: binary }
  - { name: watch, type: regression }
train:
  epochs: 3
  batchSize: 8
  optimizer: { type: adam }
`;

export const parse = (text: string, overrides: string[] = []) =>
  parseComparison(text, 'c.yaml', overrides, definitions);
export const failure = (text: string, overrides: string[] = []): string => {
  try {
    parse(text, overrides);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  throw new Error('no mistake was found');
};

/** `whole` with another text at one place. */
export function changed(from: string, to: string): string {
  if (!whole.includes(from)) throw new Error(`no '${from}'`);
  return whole.replace(from, to);
}
