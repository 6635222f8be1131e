import { z } from 'zod';
import { must } from '../../support/must.js';
import { type Random, randomFromSeed } from '../../support/random.js';
import type { SourceBlock, SourceColumn, SplitName } from '../dataset.js';
import { defineLoader } from '../loader.js';
import {
  type Generated,
  generatedRows,
  generatedSource,
  generatorChecksum,
  generatorOptions,
  generatorSeed,
} from '../store/generated-source.js';
import {
  drawFunnel,
  expit,
  type FunnelProcess,
  meanExpit,
  type Part,
  parts,
  ranked,
  responses,
  seen,
  taskNames,
} from './funnel-process.js';

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
      'Wi-Fi, .6 of the impressions: `play`, the share that plays whatever the interest; `relation`, the cosine of VCR’s weight vectors there and elsewhere. null: as other networks.',
    ),
  strength: z.number().positive().max(20).default(1.5).describe('Standard deviation of the log-odds over impressions.'),
  noise: z
    .number()
    .nonnegative()
    .default(1)
    .describe('Variance of the part of VCR’s log-odds that no input explains. Test labels are the mean over it.'),
  seed: generatorOptions.seed,
});

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
export function drawFeed(
  options: z.infer<typeof funnelOptions>,
  seed: number,
): Generated & { readonly process: FunnelProcess } {
  const random = randomFromSeed(seed).stream('funnel');
  const process = drawFunnel(options, random);
  const features = drawFeatures(process, random.stream('features'));
  const drawn = (name: SplitName, isExpected: boolean) =>
    funnelBlocks(process, features, options.rows[name], isExpected, random.stream(`rows/${name}`));
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
function funnelBlocks(
  { draw, score, relations, threshold, strength, noise }: FunnelProcess,
  features: readonly Feature[],
  rows: number,
  isExpected: boolean,
  random: Random,
): (index: number) => SourceBlock {
  const impression = new Int32Array(parts.length);
  const scores = new Float64Array(responses.length);
  const events = new Float64Array(responses.length); // what would happen inside the response's sample space
  const network = parts.indexOf('network');
  return (index) => {
    const stream = random.stream(String(index));
    const count = Math.min(generatedRows, rows - index * generatedRows);
    const drawn = features.map(({ of, values }) => ({
      part: parts.indexOf(of),
      values,
      target: values instanceof Int32Array ? new Int32Array(count) : new Float32Array(count),
    }));
    const labels = taskNames.map(() => new Float32Array(count));
    for (let row = 0; row < count; row++) {
      draw(stream, impression);
      score(impression, scores);
      const intercepts = relations[impression[network] ?? 0]?.intercepts;
      let expected: number | undefined; // of VCR
      for (let k = 0; k < responses.length; k++) {
        const logit = (intercepts?.[k] ?? 0) + strength * (scores[k] ?? 0);
        if (responses[k] === 'VCR') {
          events[k] = expit(logit + Math.sqrt(noise) * stream.normal());
          if (isExpected) expected = meanExpit(logit, Math.sqrt(noise));
        } else events[k] = stream.uniform() < expit(logit) ? 1 : 0;
      }
      for (const { part, values, target } of drawn) target[row] = values[impression[part] ?? 0] ?? 0;
      writeLabels(events, expected, threshold, labels, row);
    }
    return { rows: count, columns: drawn.map(({ target }) => target), labels };
  };
}

/**
 * Without a play there is no click and no view; without a click, no share. VTR uses VCR in its stored form, in 32 bits.
 */
function writeLabels(
  events: Float64Array,
  expected: number | undefined,
  threshold: number,
  labels: readonly Float32Array[],
  row: number,
): void {
  const [click = 0, play = 0, completion = 0, share = 0, comment = 0] = events;
  const clicked = play * click;
  const outcomes = [
    [clicked, 1],
    [Math.fround(completion) > threshold ? play : 0, 1],
    [expected ?? completion, play],
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
  readonly of: Part;
  /** By member. */
  readonly values: Int32Array | Float32Array;
}

/** Groups of users. */
const [ageGroups, regions] = [8, 20];
/** Of items. */
const [genres, itemsPerCreator] = [12, 10];

/**
 * Ids, and views of the hidden factors that are blurred by noise of each member. Id codes are in order of frequency,
 * most frequent first. Group codes are in the order of the values behind them.
 */
function drawFeatures({ populations }: FunnelProcess, random: Random): readonly Feature[] {
  const population = (of: Part) => must(populations[parts.indexOf(of)], of);
  const id = (of: Part) => Int32Array.from({ length: population(of).size }, (_, i) => i);
  const view = (name: string, of: Part, factor: number) => seen(population(of), factor, random.stream(name));
  const categorical = (name: string, of: Part, values: Int32Array, size = population(of).size): Feature => {
    return { column: { name, kind: 'categorical', size, complete: true }, of, values };
  };
  const group = (name: string, of: Part, factor: number, groups: number) =>
    categorical(name, of, ranked(view(name, of, factor), groups), groups);
  const numeric = (name: string, of: Part, values: ArrayLike<number>): Feature => {
    return { column: { name, kind: 'numeric' }, of, values: Float32Array.from(values) };
  };
  return [
    categorical('user', 'user', id('user')),
    group('age', 'user', 0, ageGroups),
    group('region', 'user', 1, regions),
    numeric('activity', 'user', view('activity', 'user', 2)),
    categorical('item', 'item', id('item')),
    group('genre', 'item', 0, genres),
    group('creator', 'item', 1, Math.ceil(population('item').size / itemsPerCreator)),
    numeric(
      'duration',
      'item',
      view('duration', 'item', 2).map((value) => Math.exp(4.5 + 0.8 * value)),
    ),
    categorical('hour', 'hour', id('hour')),
    categorical('network', 'network', id('network')),
    numeric(
      'position',
      'position',
      id('position').map((id) => id + 1),
    ),
  ];
}
