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
  type PopulationName,
  populationNames,
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
  users: members.default(5000).describe('Users.'),
  items: members.default(2000).describe('Items.'),
  zipf: z
    .strictObject({ users: exponent.default(0.6), items: exponent.default(1) })
    .prefault({})
    .describe('Zipf exponents of users and items, 0 (all occur equally often) to 2.'),
  factors: z.int().positive().max(64).default(4).describe('Hidden factors of a user and of an item.'),
  correlation: z
    .union([z.number().min(-1).max(1), z.array(z.array(z.number().min(-1).max(1)))])
    .default(0.5)
    .describe(
      'Cosine of the weight vectors: one number for all pairs, at least -0.25, or a matrix in the order CTR, play, VCR, SHR, CMR. If that of play and VCR is below 0, VTR and VCR conflict.',
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
      'On Wi-Fi (.6 of the impressions), `play` is the share that plays whatever the interest; `relation`, the cosine of VCR’s weight vectors there and elsewhere. null: as other networks.',
    ),
  strength: z.number().positive().max(20).default(1.5).describe('Standard deviation of the log-odds over impressions.'),
  noise: z
    .number()
    .nonnegative()
    .default(1)
    .describe('Variance of VCR’s log-odds that no input explains. Test labels are the mean over it.'),
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
  process: FunnelProcess,
  features: readonly Feature[],
  rows: number,
  isExpected: boolean,
  random: Random,
): (index: number) => SourceBlock {
  const impression = new Int32Array(populationNames.length);
  const respond = responder(process, isExpected);
  return (index) => {
    const stream = random.stream(String(index));
    const count = Math.min(generatedRows, rows - index * generatedRows);
    const columns = features.map(({ values }) =>
      values instanceof Int32Array ? new Int32Array(count) : new Float32Array(count),
    );
    const labels = taskNames.map(() => new Float32Array(count));
    for (let row = 0; row < count; row++) {
      process.draw(stream, impression);
      const { events, expected } = respond(impression, stream);
      for (let c = 0; c < columns.length; c++) {
        const [feature, column] = [features[c], columns[c]];
        if (feature && column) column[row] = feature.values[impression[feature.population] ?? 0] ?? 0;
      }
      writeLabels(events, expected, process.threshold, labels, row);
    }
    return { rows: count, columns, labels };
  };
}

/** Draws what would happen inside each response's sample space; `expected`: the mean of VCR over its noise. */
function responder({ score, relations, strength, noise }: FunnelProcess, isExpected: boolean) {
  const deviation = Math.sqrt(noise);
  const network = populationNames.indexOf('network');
  const scores = new Float64Array(responses.length);
  const events = new Float64Array(responses.length);
  return (impression: Int32Array, random: Random) => {
    score(impression, scores);
    const intercepts = relations[impression[network] ?? 0]?.intercepts;
    let expected: number | undefined;
    for (let k = 0; k < responses.length; k++) {
      const logit = (intercepts?.[k] ?? 0) + strength * (scores[k] ?? 0);
      if (responses[k] === 'VCR') {
        events[k] = expit(logit + deviation * random.normal());
        if (isExpected) expected = meanExpit(logit, deviation);
      } else events[k] = random.uniform() < expit(logit) ? 1 : 0;
    }
    return { events, expected };
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

/** What a model sees of an impression: a value of its member of one population. */
interface Feature {
  readonly column: SourceColumn;
  /** The population's place in `populationNames`. */
  readonly population: number;
  /** By member. */
  readonly values: Int32Array | Float32Array;
}

/** How many groups users are in, by age and by region. */
const [ageGroups, regions] = [8, 20];
/** How many groups items are in. */
const [genres, itemsPerCreator] = [12, 10];

/**
 * Ids, and views of the hidden factors that are blurred by noise of each member. Id codes are in order of frequency,
 * most frequent first. Group codes are in the order of the values behind them.
 */
function drawFeatures(process: FunnelProcess, random: Random): readonly Feature[] {
  const features = (name: PopulationName) => featuresOf(process, name, random);
  const [user, item, position] = [features('user'), features('item'), features('position')];
  return [
    user.id(),
    user.group('age', 0, ageGroups),
    user.group('region', 1, regions),
    user.numeric('activity', user.view('activity', 2)),
    item.id(),
    item.group('genre', 0, genres),
    item.group('creator', 1, Math.ceil(item.members.length / itemsPerCreator)),
    item.numeric(
      'duration',
      item.view('duration', 2).map((value) => Math.exp(4.5 + 0.8 * value)),
    ),
    features('hour').id(),
    features('network').id(),
    position.numeric(
      'position',
      position.members.map((member) => member + 1),
    ),
  ];
}

/** What makes features of a population's members. */
function featuresOf({ populations }: FunnelProcess, populationName: PopulationName, random: Random) {
  const population = populationNames.indexOf(populationName);
  const drawn = must(populations[population], populationName);
  const members = Int32Array.from({ length: drawn.size }, (_, member) => member);
  const view = (name: string, factor: number) => seen(drawn, factor, random.stream(name));
  const categorical = (name: string, values: Int32Array, size: number): Feature => {
    return { column: { name, kind: 'categorical', size, complete: true }, population, values };
  };
  return {
    members,
    view,
    id: () => categorical(populationName, members, drawn.size),
    group: (name: string, factor: number, groups: number) =>
      categorical(name, ranked(view(name, factor), groups), groups),
    numeric: (name: string, values: ArrayLike<number>): Feature => {
      return { column: { name, kind: 'numeric' }, population, values: Float32Array.from(values) };
    },
  };
}
