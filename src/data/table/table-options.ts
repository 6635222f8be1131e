import { z } from 'zod';
import { countUpTo } from '../../config/count.js';
import { refuse } from '../../config/parse.js';
import { numberKey } from '../encode/vocabulary.js';
import { calendarParts } from '../encoding.js';
import { publishedFileSchema } from '../fetch/fetch-files.js';
import { splitSeedSchema } from '../loader.js';
import { conditionSchema, mistakeIn, valueSchema } from './cell.js';

/** A column by its name, which is its number from 1 if the file has no names. */
const reference = z.union([z.string().min(1), z.int().positive()]);
const condition = conditionSchema.superRefine((value, context) => {
  const mistake = mistakeIn(value);
  if (mistake !== undefined) context.addIssue(mistake);
});
const hash = countUpTo(2 ** 26, 'each index has a row of an embedding table', 2)
  .optional()
  .describe('Number of indexes that a hash maps values to, for unbounded ids.');
const files = z.union([z.string(), z.array(z.string()).min(1)]);
const share = z.number().gt(0).lt(1);

/** Entries by name. In a config null takes an entry of its dataset file away. */
function byName<Schema extends z.ZodType>(name: string, schema: Schema) {
  return z.record(z.string().min(1).describe(name), schema);
}

const columnSchema = z.union([
  z.enum(['categorical', 'numeric', 'ignored']),
  z.strictObject({ kind: z.literal('categorical').describe('One value of a row.'), hash }),
  z.strictObject({
    kind: z.literal('list').describe('A list of values.'),
    hash,
    separator: z.string().min(1).optional().meta({ default: '|', description: 'Separator of entries.' }),
    weights: z.string().min(1).optional().describe('The mark before an entry’s weight: `:` in `id:0.5`.'),
  }),
  z.strictObject({
    kind: z.literal('time').describe('A date or a time.'),
    parts: z
      .array(z.enum(calendarParts))
      .min(1)
      .refine((parts) => new Set(parts).size === parts.length, 'a part is listed twice')
      .describe(
        'Inputs made of it, in UTC: `month` (1 to 12), `weekday` (1: Monday) and `hour` as categories, `days` since 1970 as a number.',
      ),
  }),
]);

const taskSchema = z
  .strictObject({
    column: reference.optional().describe('The label column. Absent: the task’s name.'),
    positive: condition
      .optional()
      .describe(
        "What makes a label 1: a value, a list, or a comparison such as `'> 3'`. Other values are 0. Absent: labels are 0 and 1.",
      ),
    regression: z.boolean().default(false).describe('The label is a number.'),
    // Without a default, which would rename the prepared tables and the runs of other tasks.
    multiclass: z
      .union([
        z.literal(true),
        z
          .array(z.union([z.string(), z.number()]))
          .min(2)
          .refine(
            (classes) => new Set(classes.map((one) => numberKey(String(one)) ?? String(one))).size === classes.length,
            'a class is listed twice',
          ),
      ])
      .optional()
      .describe(
        'The label is one of several classes, texts or whole numbers. `true`: the classes of the training rows, by number or alphabet. A list: these, in this order. Another label is an error.',
      ),
    mask: z
      .strictObject({ column: reference, equals: conditionSchema.optional(), where: condition.optional() })
      .refine(({ equals, where }) => (equals === undefined) !== (where === undefined), {
        message: "give 'equals' or 'where'",
      })
      .optional()
      .describe(
        "The sample space: `{ column, equals: <value or list> }` or `{ column, where: '> 3' }`. `true` equals 1, `false` 0. A missing label is outside it; training needs a row inside.",
      ),
    weight: reference
      .optional()
      .describe(
        'A column of numbers: each row’s weight in this task’s loss and metrics, times `dataset.weight`. A row of weight 0 is outside the sample space.',
      ),
  })
  .refine(({ positive, regression }) => !(regression && positive !== undefined), {
    message: 'a regression task has no positive labels',
    path: ['positive'],
  })
  .refine(
    ({ positive, regression, multiclass }) => multiclass === undefined || !(regression || positive !== undefined),
    {
      message: "a multiclass task has neither 'positive' nor 'regression'",
      path: ['multiclass'],
    },
  );

const splitRule = z.union([
  z.strictObject({
    fraction: z.strictObject({ validation: share.optional(), test: share.optional() }),
    group: reference.optional(),
    stratify: z.union([reference, z.array(reference).min(1)]).optional(),
    of: z.literal('test').optional(),
  }),
  z.strictObject({
    column: reference,
    train: condition.optional(),
    validation: condition.optional(),
    test: condition.optional(),
  }),
  z.strictObject({ time: reference, validation: share.optional(), test: share.optional() }),
]);
const splitSchema = z
  .looseObject({})
  .superRefine((split, context) => {
    const ways = Object.keys(split).filter((key) => ['fraction', 'column', 'time'].includes(key));
    const message =
      "say by what, one of 'fraction: { validation, test }', 'column' and 'time'; as an override dataset.split={ time: … } replaces the others";
    if (ways.length !== 1) context.addIssue({ code: 'custom', path: ways.slice(1), message, continue: false });
  })
  .pipe(splitRule);

/** Texts that stand for a missing value unless `missing` says otherwise. */
export const usualMissing = ['', 'NA', 'NaN', 'nan', 'null', 'NULL', '\\N'];

export const tableOptions = {
  name: z.string().optional().describe('The data set’s name, for messages. `from` sets it.'),
  page: z.string().optional().describe('The web page of the files.'),
  fetch: z
    .array(publishedFileSchema)
    .min(1)
    .optional()
    .describe('The files that `ple data fetch` downloads into `folder`.'),
  folder: z.string().optional().describe('The folder of the files. Absent: where `ple` is started.'),
  path: files
    .optional()
    .describe(
      'A file, a pattern (`part-*.csv`) or a list: CSV, TSV (also `.gz`), Parquet or JSON, by the ending. Give this or `query`.',
    ),
  query: z
    .string()
    .min(1)
    .optional()
    .describe(
      'SQL that selects the rows, in DuckDB’s dialect, or a `.sql` file. It must give the same rows each time.',
    ),
  variables: byName('variable', z.union([valueSchema, z.array(valueSchema).min(1)]))
    .optional()
    .describe(
      "`{ <variable>: value or list }`: what `getvariable('<variable>')` gives the query. A number with a fraction is a DOUBLE, a whole one a BIGINT.",
    ),
  files: byName('table', files)
    .optional()
    .describe('`{ <table>: file, pattern or list }`: what the query reads by name; one format per table.'),
  database: z.string().optional().describe('A DuckDB file whose tables the query reads.'),
  validation: files.optional().describe('Files of the validation split. Absent: cut from `path`.'),
  test: files.optional().describe('Files of the test split. Absent: cut from `path`.'),
  header: z
    .union([z.boolean(), z.array(z.string().min(1)).min(1)])
    .default(true)
    .describe('Text files. true: the first line has the names. false: no names. A list: the names.'),
  delimiter: z.string().min(1).optional().describe('Separator of values in text files. Absent: by the ending.'),
  quote: z
    .string()
    .length(1)
    .nullable()
    .default('"')
    .describe('The quotation mark in text files. null: quotes are ordinary characters.'),
  encoding: z.string().refine(isEncoding, 'no encoding of this name; one is windows-1252').optional().meta({
    default: 'UTF-8',
    description:
      '[WHATWG name](https://encoding.spec.whatwg.org/#names-and-labels) of text files’ encoding, such as `windows-1252`.',
  }),
  decimal: z
    .enum([',', '.'])
    .optional()
    .meta({ default: '.', description: "The decimal mark in text files. `','` for `3,5`." }),
  exact: z.boolean().optional().meta({ default: false, description: 'Text files: keeps blanks around values.' }),
  missing: z
    .array(z.string())
    .default([...usualMissing])
    .describe('Texts that mean a missing value.'),
  tasks: byName('task', taskSchema)
    .refine((tasks) => Object.keys(tasks).length > 0, 'no task')
    .superRefine((tasks, context) => {
      for (const [name, { column = name, weight }] of Object.entries(tasks))
        if (String(weight) === String(column)) refuse(context, [name, 'weight'], "is the column of the task's labels");
    })
    .describe('The tasks by name.'),
  columns: byName('column', columnSchema)
    .prefault({})
    .describe(
      '`{ <column>: categorical }`, `numeric`, `ignored` or a mapping: `{ kind: categorical, hash }`, `{ kind: list, separator, weights, hash }` or `{ kind: time, parts }`. A name may be a pattern (`feat_*`), or a number from 1 without a header.',
    ),
  others: z
    .enum(['infer', 'ignored'])
    .default('infer')
    .describe(
      'Columns that are not named are inferred (`infer`) or left out (`ignored`). Label, mask, split and weight columns are no inputs.',
    ),
  split: splitSchema.optional().meta({
    default: { fraction: { validation: 0.1, test: 0.1 } },
    description:
      'How splits are cut ([all forms](../datasets/table.md#splits)). `{ fraction }`: drawn; also with `group`, `stratify` or `of: test`. `{ column, validation, test, train }`: by a column’s values. `{ time: <column>, validation, test }`: the last rows are the test.',
  }),
  splitSeed: splitSeedSchema,
  group: reference
    .optional()
    .describe('A categorical input whose rows belong together, such as a user’s, for metrics within groups.'),
  weight: reference
    .optional()
    .describe(
      'A column of numbers, 0 or from 1e-30 to 1e30: each row’s weight in losses and metrics. No input, unless `columns` names it.',
    ),
  cache: z.string().default('datasets/cache').describe('Folder for prepared tables.'),
};
const schema = z.strictObject(tableOptions);

/** How text files are written, without defaults. */
const { header, delimiter, quote, encoding, decimal, missing } = tableOptions;
export const dialectOptions = z.strictObject({
  header: header.unwrap().optional(),
  delimiter,
  quote: quote.unwrap().optional(),
  encoding,
  decimal,
  missing: missing.unwrap().optional(),
});
export type TableOptions = z.infer<typeof schema>;
/** The validation rows are drawn from the test's files. */
export function isOfTest({ split = usualSplit }: Pick<TableOptions, 'split'>): boolean {
  return 'of' in split && split.of !== undefined;
}
/** Rows are drawn, the usual share for each split. */
export const usualSplit: NonNullable<TableOptions['split']> = { fraction: {} };
export type ColumnOption = z.infer<typeof columnSchema>;
export type TaskOption = z.infer<typeof taskSchema>;
export type Reference = z.infer<typeof reference>;

function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}
