import { z } from 'zod';
import { sha256 } from '../../support/checksum.js';
import { DataError } from '../../support/errors.js';
import type { SourceColumn, SourceSplit, SplitName } from '../dataset.js';
import { defineLoader } from '../loader.js';
import { checksumOfDraw, splitSeedSchema } from '../split-seed.js';
import { prepared, TableReader } from '../store/prepared.js';
import { rawChecksum } from '../store/raw-checksum.js';
import { seedOf } from '../synthetic/generator-options.js';
import { crosses, type Field, fields, userField } from './fields.js';
import { type FileSplit, prepareFiles, type StoredFiles } from './prepare-files.js';
import { findRawFiles } from './raw-files.js';
import { userSplits } from './user-splits.js';

/** Raise it when the same files give other tables or rows. */
const version = 3;

const options = z.strictObject({
  loader: z.literal('ali-ccp'),
  path: z
    .string()
    .default('datasets/ali-ccp')
    .describe('Folder with `sample_skeleton_{train,test}.csv` and `common_features_{train,test}.csv`, plain or `.gz`.'),
  cache: z.string().default('datasets/cache').describe('Folder for the prepared tables, from which rows are read.'),
  cvr: z
    .enum(['clicks', 'impressions', 'ctcvr'])
    .default('clicks')
    .describe(
      '`clicks`: task `cvr`, conversions among clicks. `impressions`: among all samples. `ctcvr`: the same as `impressions` under the name `ctcvr`.',
    ),
  validation: z
    .union([z.literal('test-half'), z.strictObject({ train: z.number().gt(0).lt(1) })])
    .default({ train: 0.1 })
    .describe('`{ train: 0.1 }`: that part of the training file’s users. `test-half`: half of the test file’s users.'),
  sample: z.number().gt(0).max(1).default(1).describe('The part of the users that is used, of every split.'),
  splitSeed: splitSeedSchema,
});
type Options = z.infer<typeof options>;

/** Marks of a common row: see `userSplits`. */
const [none, first, second] = [0, 1, 2];

/**
 * Ali-CCP (Alibaba, from ESMM, SIGIR 2018): impressions with clicks and conversions. Samples are joined with their
 * common features when they are read. Rows with a conversion but no click are left out. A user's samples are all in one
 * split of train and validation, or of validation and test, because they are adjacent in the files and share their
 * features.
 */
export const aliCcp = defineLoader({
  name: 'ali-ccp',
  summary: 'Ali-CCP: clicks (over impressions) and conversions (over clicks or impressions), from the raw files',
  options,
  paths: ['path', 'cache'],
  async open(options, context) {
    const files = await findRawFiles(options.path);
    const raw = [files.common.train, files.common.test, files.skeleton.train, files.skeleton.test];
    const sums: string[] = [];
    for (const { path } of raw) sums.push(await rawChecksum(path, options.cache, context.signal));
    const key = { version, sums };
    const at = { folder: options.cache, name: 'ali-ccp', key };
    const entry = await prepared(at, context, (database) => prepareFiles(database, files, context));
    context.prepared?.(entry.path);
    const stored = entry.description;
    for (const note of stored.notes) context.note(note);
    const splitSeed = seedOf({ seed: options.splitSeed }, context);
    const drawnTest = options.splitSeed === 'run' && (options.validation === 'test-half' || options.sample < 1);
    const checksum = sha256(JSON.stringify(key));
    const columns = sourceColumns(stored);
    return {
      columns,
      tasks: [
        { name: 'ctr', type: 'binary' },
        { name: options.cvr === 'ctcvr' ? 'ctcvr' : 'cvr', type: 'binary' },
      ],
      checksum: drawnTest ? checksumOfDraw(checksum, splitSeed) : checksum,
      splits: await makeSplits(new TableReader(entry, columns.length), stored, options, splitSeed, context.signal),
      masked: options.cvr === 'clicks',
      group: userField,
    };
  },
});

/** In the order of `SampleReader`. Index 0 of every field means that the row has no id, the others are ids from the smallest on. */
function sourceColumns({ ids }: StoredFiles): SourceColumn[] {
  const size = ({ name }: Field) => {
    const [first, last] = ids[name] ?? [0, -1];
    return 2 + last - first;
  };
  const ofKind = (kind: Field['kind']) => fields.filter((field) => field.kind === kind);
  return [
    ...ofKind('single').map((field): SourceColumn => ({ name: field.name, kind: 'categorical', size: size(field) })),
    ...crosses.map((name): SourceColumn => ({ name: `${name}-value`, kind: 'numeric' })),
    ...ofKind('list').map((field): SourceColumn => ({ name: field.name, kind: 'list', size: size(field) })),
  ];
}

async function makeSplits(
  file: TableReader,
  stored: StoredFiles,
  options: Options,
  splitSeed: number,
  signal: AbortSignal | undefined,
): Promise<Record<SplitName, SourceSplit>> {
  const { validation, sample } = options;
  const clicksOnly = options.cvr === 'clicks';
  const marked = async (split: FileSplit, share: number) => {
    const markOf = (uniform: number) => {
      if (uniform >= sample) return none;
      return uniform < share * sample ? second : first;
    };
    const of = { file, split, stored, clicksOnly, signal };
    const [rest, drawn] = await userSplits(of, splitSeed, markOf, [first, second]);
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
