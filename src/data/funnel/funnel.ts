import { z } from 'zod';
import { type Random, randomFromSeed } from '../../support/random.js';
import type { SourceBlock, SourceColumn, SplitName } from '../dataset.js';
import { defineLoader } from '../loader.js';
import { type Generated, generatedRows, generatedSource } from '../store/generated-source.js';
import { generatorChecksum, generatorOptions, generatorSeed } from '../synthetic/generator-options.js';
import { type Population, ranked, seen } from './funnel-population.js';
import { drawFunnel, drawImpression, type FunnelProcess, type Impression } from './funnel-process.js';
import { expit, meanExpit, responses, taskNames } from './funnel-rates.js';

/** Raise it when the same options give other rows. */
const version = 4;

const rate = z.number().gt(0).lt(1);

const members = z
  .int()
  .positive()
  .max(2 ** 26);

const exponent = z.number().min(0).max(2);

export const funnelOptions = z.strictObject({
  loader: z.literal('funnel'),
  rows: generatorOptions.rows,
  users: members.default(5000).describe('Number of users.'),
  items: members.default(2000).describe('Number of items.'),
  zipf: z
    .strictObject({ users: exponent.default(0.6), items: exponent.default(1) })
    .prefault({})
    .describe('Exponents of the Zipf laws by which users and items occur, 0 to 2. 0: all occur equally often.'),
  factors: z.int().positive().max(64).default(4).describe('Hidden factors of a user and of an item.'),
  correlation: z
    .union([z.number().min(-1).max(1), z.array(z.array(z.number().min(-1).max(1)))])
    .default(0.5)
    .describe(
      'Cosine of the weight vectors: one number for all pairs, at least -0.25, or a matrix in the order CTR, play, VCR, SHR, CMR. Below 0 of play and VCR, VTR and VCR conflict.',
    ),
  rates: z
    .strictObject({
      play: rate.default(0.75),
      CTR: rate.default(0.15),
      VTR: rate.default(0.3),
      VCR: rate.default(0.4),
      SHR: rate.default(0.05),
      CMR: rate.default(0.03),
    })
    .prefault({})
    .describe('Share of positives over each sample space; of `VCR` the mean. `CTR` and `VTR` must be below `play`.'),
  autoplay: z
    .strictObject({ play: rate.default(0.9), relation: z.number().min(-1).max(1).default(0) })
    .nullable()
    .prefault({})
    .describe(
      'Wi-Fi, .6 of the impressions: `play`, the share that plays whatever the interest; `relation`, the cosine of VCR’s weight vectors there and elsewhere, -1 to 1. null: as on other networks.',
    ),
  strength: z
    .number()
    .positive()
    .max(20)
    .default(1.5)
    .describe('Standard deviation of the log-odds over impressions: how much there is to learn.'),
  noise: z
    .number()
    .nonnegative()
    .default(1)
    .describe(
      'Variance of the part of VCR’s log-odds that no input explains. Test labels are the mean over it, so a test error is that above the noise.',
    ),
  seed: generatorOptions.seed,
});

export type FunnelLoaderOptions = z.infer<typeof funnelOptions>;

/**
 * A simulated video feed with the sample spaces of the PLE paper's data, which are not public. Some impressions are
 * played, some plays are clicked, some clicks are shared and commented on.
 */
export const funnel = defineLoader({
  name: 'funnel',
  summary: 'a simulated video feed: clicks, views, completion, shares and comments over nested sample spaces',
  options: funnelOptions,
  paths: [],
  async open(options, context) {
    return generatedSource(drawFeed(options, generatorSeed(options, context)));
  },
});

/** The process of these options, and its rows. */
export function drawFeed(options: FunnelLoaderOptions, seed: number): Generated & { readonly process: FunnelProcess } {
  const random = randomFromSeed(seed).stream('funnel');
  const process = drawFunnel(options, random);
  const features = drawFeatures(process, random.stream('features'));
  const drawn = (name: SplitName, isExpected: boolean) =>
    funnelBlock(process, features, { rows: options.rows[name], isExpected }, random.stream(`rows/${name}`));
  return {
    process,
    columns: features.map(({ column }) => column),
    group: 'user',
    masked: true,
    tasks: taskNames.map((name) => ({
      name,
      type: name === 'VCR' ? ('regression' as const) : ('binary' as const),
      everywhere: name === 'CTR' || name === 'VTR',
    })),
    rows: options.rows,
    checksum: generatorChecksum(version, options, seed),
    block: (name) => drawn(name, name === 'test'),
    expected: (name) => drawn(name, true),
  };
}

/** Each block has its own stream. Labels outside their sample space are NaN. `isExpected`: VCR is without its noise. */
function funnelBlock(
  process: FunnelProcess,
  features: readonly Feature[],
  { rows, isExpected }: { readonly rows: number; readonly isExpected: boolean },
  random: Random,
): (index: number) => SourceBlock {
  const { relations, threshold, strength, noise } = process;
  const impression: Impression = { user: 0, item: 0, hour: 0, network: 0, position: 0 };
  const scores = new Float64Array(responses.length);
  const events = new Float64Array(responses.length); // what would happen inside the response's sample space
  let expected = 0; // of VCR

  const drawEvents = (stream: Random) => {
    drawImpression(process, stream, impression);
    process.score(impression, scores);
    const intercepts = relations[impression.network]?.intercepts;
    for (let k = 0; k < responses.length; k++) {
      const logit = (intercepts?.[k] ?? 0) + strength * (scores[k] ?? 0);
      if (responses[k] === 'VCR') {
        events[k] = expit(logit + Math.sqrt(noise) * stream.normal());
        if (isExpected) expected = meanExpit(logit, Math.sqrt(noise));
      } else events[k] = stream.uniform() < expit(logit) ? 1 : 0;
    }
  };
  return (index) => {
    const stream = random.stream(String(index));
    const count = Math.min(generatedRows, rows - index * generatedRows);
    const drawn = features.map((feature) => ({
      ...feature,
      target: feature.values instanceof Int32Array ? new Int32Array(count) : new Float32Array(count),
    }));
    const labels = taskNames.map(() => new Float32Array(count));
    const completion = labels[taskNames.indexOf('VCR')];
    for (let row = 0; row < count; row++) {
      drawEvents(stream);
      for (const { of, values, target } of drawn) target[row] = values[impression[of]] ?? 0;
      placeLabels(events, threshold, labels, row);
      if (isExpected && completion && !Number.isNaN(completion[row])) completion[row] = expected;
    }
    return { rows: count, columns: drawn.map(({ target }) => target), labels };
  };
}

/**
 * Without a play there is no click and no view; without a click, no share. VTR uses VCR in its stored form, in 32 bits.
 */
function placeLabels(events: Float64Array, threshold: number, labels: readonly Float32Array[], row: number): void {
  const [click = 0, play = 0, completion = 0, share = 0, comment = 0] = events;
  const clicked = play * click;
  const outcomes = [
    [clicked, 1],
    [Math.fround(completion) > threshold ? play : 0, 1],
    [completion, play],
    [share, clicked],
    [comment, clicked],
  ] as const; // in the order of the tasks
  for (const [task, [label, inside]] of outcomes.entries()) {
    const values = labels[task];
    if (values) values[row] = inside === 1 ? label : Number.NaN;
  }
}

/** What a model sees of an impression: a value of one member. */
interface Feature {
  readonly column: SourceColumn;
  readonly of: keyof Impression;
  /** By member. */
  readonly values: Int32Array | Float32Array;
}

/**
 * Ids, and views of the hidden factors that are blurred by noise of each member. Id codes are in order of frequency,
 * most frequent first. Group codes are in the order of the values behind them.
 */
function drawFeatures(process: FunnelProcess, random: Random): readonly Feature[] {
  const { users, items } = process;
  const view = (name: string, of: Population, factor: number) => seen(of, factor, random.stream(name));
  const [userCount, itemCount] = [populationSize(users), populationSize(items)];
  const creators = Math.ceil(itemCount / itemsPerCreator);
  return [
    categorical('user', 'user', identity(userCount), userCount),
    categorical('age', 'user', ranked(view('age', users, 0), ageGroups), ageGroups),
    categorical('region', 'user', ranked(view('region', users, 1), regions), regions),
    numeric('activity', 'user', view('activity', users, 2)),
    categorical('item', 'item', identity(itemCount), itemCount),
    categorical('genre', 'item', ranked(view('genre', items, 0), genres), genres),
    categorical('creator', 'item', ranked(view('creator', items, 1), creators), creators),
    numeric(
      'duration',
      'item',
      view('duration', items, 2).map((value) => Math.exp(4.5 + 0.8 * value)),
    ),
    categorical('hour', 'hour', identity(24), 24),
    categorical('network', 'network', identity(populationSize(process.networks)), populationSize(process.networks)),
    numeric(
      'position',
      'position',
      Float64Array.from(identity(populationSize(process.positions)), (place) => place + 1),
    ),
  ];
}

const ageGroups = 8;

const regions = 20;

const genres = 12;

const itemsPerCreator = 10;

function populationSize({ factors, width }: Population): number {
  return factors.length / width;
}

function identity(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i);
}

function categorical(name: string, of: keyof Impression, values: Int32Array, size: number): Feature {
  return { column: { name, kind: 'categorical', size, complete: true }, of, values };
}

function numeric(name: string, of: keyof Impression, values: Float64Array): Feature {
  return { column: { name, kind: 'numeric' }, of, values: Float32Array.from(values) };
}
