import { join } from 'node:path';
import { z } from 'zod';
import { findRawFile } from '../fetch/raw-file.js';
import { defineLoader } from '../loader.js';
import { table } from '../table/table-loader.js';
import { tableOptions } from '../table/table-options.js';

const options = z.strictObject({
  loader: z.literal('aliexpress'),
  country: z.enum(['NL', 'ES', 'FR', 'US', 'RU']).describe('The country.'),
  path: z
    .string()
    .default('datasets/aliexpress')
    .describe('Folder with `AliExpress_<country>`, in it `train.csv` and `test.csv`, plain or `.gz`.'),
  conversion: z
    .enum(['clicks', 'ctcvr'], {
      error: ({ input }) => (input === 'impressions' ? 'say ctcvr, and name the task so' : undefined),
    })
    .default('ctcvr')
    .describe(
      '`ctcvr`: task `ctcvr`, conversions among all impressions. `clicks`: task `cvr`, conversions among clicks.',
    ),
  validation: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('This part of the training file’s result pages. The whole test file is the test split.'),
  splitSeed: z.int().default(0).describe('Draws the pages of the validation split.'),
  columns: tableOptions.columns.describe('Other kinds of inputs, as in `table`: `numerical_1: ignored`.'),
  cache: tableOptions.cache,
});

const categorical = Array.from({ length: 16 }, (_, index) => `categorical_${index + 1}`);
const numerical = Array.from({ length: 63 }, (_, index) => `numerical_${index + 1}`);
/** The result page that an impression was on. */
const page = 'search_id';
const [click, conversion] = ['click', 'conversion'];

const whereToGetIt =
  'Get it from https://github.com/easezyc/Multitask-Recommendation-Library (see datasets/aliexpress.md).';

/**
 * AliExpress search logs (Li et al., CIKM 2020) as MTReclib prepares them, one country: products on result pages with
 * clicks and conversions. A preset of `table`. The products of one page are all in training or all in validation, as
 * they share the user's and the query's features.
 */
export const aliexpress = defineLoader({
  name: 'aliexpress',
  summary:
    'AliExpress search logs of one country: clicks (over impressions) and conversions (over impressions or clicks)',
  options,
  paths: ['path', 'cache'],
  async open(options, context) {
    const folder = join(options.path, `AliExpress_${options.country}`);
    const find = async (name: string) => (await findRawFile(folder, name, whereToGetIt)).path;
    const second = options.conversion === 'ctcvr' ? 'ctcvr' : 'cvr';
    const overClicks = options.conversion === 'clicks' ? { mask: { column: click, equals: 1 } } : {};
    return table.open(
      {
        loader: table.name,
        path: await find('train.csv'),
        test: await find('test.csv'),
        tasks: { ctr: { column: click }, [second]: { column: conversion, ...overClicks } },
        columns: { ...kindOf(categorical, 'categorical'), ...kindOf(numerical, 'numeric'), ...options.columns },
        others: 'ignored',
        split: { fraction: { validation: options.validation }, group: page },
        splitSeed: options.splitSeed,
        cache: options.cache,
      },
      context,
    );
  },
});

function kindOf(columns: readonly string[], kind: 'categorical' | 'numeric') {
  return Object.fromEntries(columns.map((column) => [column, kind]));
}
