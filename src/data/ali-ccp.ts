import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DataError } from '../support/errors.js';
import { type PartDescription, parseDescription, partNotes } from './ali-ccp-description.js';
import { crosses, type Field, fields, userField } from './ali-ccp-fields.js';
import { type PreparedParts, preparedParts } from './ali-ccp-preparation.js';
import { findRawFiles } from './ali-ccp-raw.js';
import { sampleReader } from './ali-ccp-rows.js';
import { drawMarks, markedSplits } from './ali-ccp-splits.js';
import type { SourceColumn, SourceSplit, SplitName } from './dataset.js';
import { defineLoader } from './loader.js';
import { checksumOfDraw, splitSeedSchema } from './split-seed.js';
import { seedOf } from './synthetic/generator-options.js';

/** Raise it when the same tables become other rows. */
const version = 1;

const options = z.strictObject({
  loader: z.literal('ali-ccp'),
  /** Folder with `sample_skeleton_{train,test}.csv` and `common_features_{train,test}.csv`, plain or `.gz`. */
  path: z.string().default('datasets/ali-ccp'),
  /** Folder that keeps the prepared tables: they are read from there, block by block. */
  cache: z.string().default('datasets/cache'),
  /**
   * clicks: task `cvr`, conversions among clicks. impressions: task `cvr`, conversions among all samples. ctcvr: the same labels and space,
   * under the name `ctcvr`.
   */
  cvr: z.enum(['clicks', 'impressions', 'ctcvr']).default('clicks'),
  /** `{ train: 0.1 }`: that part of the training file's users. `test-half`: half of the test file's users. */
  validation: z
    .union([z.literal('test-half'), z.strictObject({ train: z.number().gt(0).lt(1) })])
    .default({ train: 0.1 }),
  /** Part of the users, of every split, that is used. */
  sample: z.number().gt(0).max(1).default(1),
  /** Decides which users are for validation, and which are left out. */
  splitSeed: splitSeedSchema,
});
type Options = z.infer<typeof options>;

/** A mark of a common row: see `Marks`. */
const [none, first, second] = [0, 1, 2];

/**
 * Ali-CCP (Alibaba, from ESMM, SIGIR 2018): impressions with clicks and conversions. Samples are joined with the features that they share when they
 * are read. Rows with a conversion but no click are left out. A user's samples are all in one of train and validation, or validation and
 * test, as they stand next to each other in the files and share their features.
 */
export const aliCcp = defineLoader({
  name: 'ali-ccp',
  summary: 'Ali-CCP: clicks (over impressions) and conversions (over clicks or impressions), from the raw files',
  options,
  paths: ['path', 'cache'],
  async open(options, context) {
    const parts = await preparedParts(await findRawFiles(options.path), options.cache, context);
    const described = [parts.common, parts.skeleton].flatMap(({ train, test }) => [train, test]);
    const descriptions = described.map(({ description }) => parseDescription(description));
    for (const { path } of described) context.prepared?.(path);
    for (const note of descriptions.flatMap(partNotes)) context.note(note);
    const splitSeed = seedOf({ seed: options.splitSeed }, context);
    const drawnTest = options.splitSeed === 'run' && (options.validation === 'test-half' || options.sample < 1);
    const checksum = createHash('sha256')
      .update([version, ...descriptions.map(({ sha256 }) => sha256)].join('\n'))
      .digest('hex');
    return {
      columns: sourceColumns(descriptions),
      tasks: [
        { name: 'ctr', type: 'binary' },
        { name: options.cvr === 'ctcvr' ? 'ctcvr' : 'cvr', type: 'binary' },
      ],
      checksum: drawnTest ? checksumOfDraw(checksum, splitSeed) : checksum,
      splits: await makeSplits(parts, options, splitSeed, context.signal),
      group: userField,
    };
  },
});

/** In the order of `sampleReader`. Index 0 of every field: the row has none of it. */
function sourceColumns(descriptions: readonly PartDescription[]): SourceColumn[] {
  const size = ({ name }: Field) => 1 + Math.max(...descriptions.map(({ ids }) => ids[name] ?? 0));
  const ofKind = (kind: Field['kind']) => fields.filter((field) => field.kind === kind);
  return [
    ...ofKind('single').map((field): SourceColumn => ({ name: field.name, kind: 'categorical', size: size(field) })),
    ...crosses.map((name): SourceColumn => ({ name: `${name}-value`, kind: 'numeric' })),
    ...ofKind('list').map((field): SourceColumn => ({ name: field.name, kind: 'list', size: size(field) })),
  ];
}

async function makeSplits(
  parts: PreparedParts,
  options: Options,
  splitSeed: number,
  signal: AbortSignal | undefined,
): Promise<Record<SplitName, SourceSplit>> {
  const { validation, sample } = options;
  const rule = { clicksOnly: options.cvr === 'clicks' };
  const marked = async (split: 'train' | 'test', share: number) => {
    const markOf = (uniform: number) => {
      if (uniform >= sample) return none;
      return uniform < share * sample ? second : first;
    };
    const marks = await drawMarks(parts.common[split].table('users'), splitSeed, markOf, signal);
    const [rest, drawn] = await markedSplits(sampleReader(parts, split, rule), marks, [first, second], signal);
    if (!rest || !drawn) throw new Error('There are two splits of each file');
    return { rest, drawn };
  };
  const train = await marked('train', validation === 'test-half' ? 0 : validation.train);
  const test = await marked('test', validation === 'test-half' ? 0.5 : 0);
  const splits = {
    train: train.rest,
    validation: validation === 'test-half' ? test.drawn : train.drawn,
    test: test.rest,
  };
  for (const [name, { rows }] of Object.entries(splits)) {
    if (rows === 0) throw new DataError(`The ${name} split has no rows: too few users for 'validation' and 'sample'.`);
  }
  return splits;
}
