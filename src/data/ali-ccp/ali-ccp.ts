import { z } from 'zod';
import { sha256 } from '../../support/checksum.js';
import { findRawFile } from '../fetch/raw-file.js';
import { defineLoader } from '../loader.js';
import { checksumOfDraw, splitSeedSchema } from '../split-seed.js';
import { prepared } from '../store/prepared.js';
import { type Draw, preparedSource, type StoredSource } from '../store/prepared-source.js';
import { type FileBefore, rawChecksum } from '../store/raw-checksum.js';
import { generatorSeed } from '../synthetic/generator-options.js';
import { prepareFiles, type RawFiles, userField } from './prepare-files.js';

/** Raise it when the same files give other tables or rows. */
const version = 4;

const options = z.strictObject({
  loader: z.literal('ali-ccp'),
  path: z
    .string()
    .default('datasets/ali-ccp')
    .describe('Folder with `sample_skeleton_{train,test}.csv` and `common_features_{train,test}.csv`, plain or `.gz`.'),
  cache: z.string().default('datasets/cache').describe('Folder for prepared tables.'),
  cvr: z
    .enum(['clicks', 'ctcvr'])
    .default('clicks')
    .describe('`clicks`: task `cvr`, over clicks. `ctcvr`: task `ctcvr`, over all samples.'),
  validation: z
    .union([z.literal('test-half'), z.strictObject({ train: z.number().gt(0).lt(1) })])
    .default({ train: 0.1 })
    .describe('`{ train: 0.1 }`: that part of the training file’s users. `test-half`: half of the test file’s users.'),
  sample: z.number().gt(0).max(1).default(1).describe('The part of the users that is used, of every split.'),
  splitSeed: splitSeedSchema,
});
type Options = z.infer<typeof options>;

const whereToGetIt = 'Get it from https://tianchi.aliyun.com/dataset/408 (see datasets/ali-ccp.md).';

/** Rows of a block. They share common features with their neighbours, so blocks are small. */
const blockRows = 4096;

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
    const find = (name: string) => findRawFile(options.path, `${name}.csv`, whereToGetIt);
    const files: RawFiles = {
      common: { train: await find('common_features_train'), test: await find('common_features_test') },
      skeleton: { train: await find('sample_skeleton_train'), test: await find('sample_skeleton_test') },
    };
    const raw = Object.values(files).flatMap(({ train, test }) => [train, test]);
    const before: FileBefore[] = [];
    for (const { path } of raw) before.push(await rawChecksum(path, options.cache, context.signal));
    const key = { version, sums: before.map(({ checksum }) => checksum) };
    const at = { folder: options.cache, name: 'ali-ccp', key, files: before };
    const entry = await prepared(at, context, (database, folder) => prepareFiles(database, folder, files, context));
    context.prepared?.(entry.path);
    const splitSeed = generatorSeed({ seed: options.splitSeed }, context);
    const drawnTest = options.splitSeed === 'run' && (options.validation === 'test-half' || options.sample < 1);
    const checksum = sha256(JSON.stringify(key));
    const description: StoredSource = {
      ...entry.description,
      tasks: [
        { name: 'ctr', type: 'binary' },
        options.cvr === 'ctcvr'
          ? { name: 'ctcvr', type: 'binary', label: 'l1' }
          : { name: 'cvr', type: 'binary', label: 'l2' },
      ],
      checksum: drawnTest ? checksumOfDraw(checksum, splitSeed) : checksum,
      masked: options.cvr === 'clicks',
      group: userField,
      blockRows,
    };
    return preparedSource({ ...entry, description }, context, splitDraw(options, splitSeed));
  },
});

/**
 * Users are drawn, so that all samples of a user are in one split. A row of common features without a user counts as
 * one.
 */
function splitDraw({ validation, sample }: Options, seed: number): Draw {
  const shares =
    validation === 'test-half'
      ? { train: 0, validation: 0, test: 0.5 }
      : { train: validation.train, validation: 0, test: 0 };
  return {
    key: 'person',
    rowSplit(person, stored) {
      const number = uniform(seed, person);
      if (number >= sample) return undefined;
      return number < shares[stored] * sample ? 'validation' : stored;
    },
  };
}

/** A number in [0, 1) that depends on all bits of both: uniform over users, and equal for a user in every file. */
function uniform(seed: number, value: number): number {
  let code = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 16), 0x7feb352d);
  code = Math.imul(code ^ (code >>> 15), 0x846ca68b);
  return ((code ^ (code >>> 16)) >>> 0) / 2 ** 32;
}
