import { z } from 'zod';
import { part } from '../support/catalogue.js';
import { sha256 } from '../support/checksum.js';
import { type Source, type SourceColumn, type SourceTask, type SplitName, splitNames } from './dataset.js';

export interface LoaderContext {
  /** The run's seed. Only a loader whose options say so may let it decide anything. */
  readonly seed: number;
  /** Names of the tasks whose labels are read. Absent: all. Whatever they are, rows and checksum are the same. */
  readonly tasks?: readonly string[] | undefined;
  /** Something that the user should know but that stops nothing. One line. */
  note(message: string): void;
  /** Called during a long preparation, with the bytes of the files that have been read, and of all files. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /**
   * When it fires, the loader removes what it has half-written and fails with the signal's reason. Every long reading
   * looks at it.
   */
  readonly signal?: AbortSignal | undefined;
  /** Names a file of prepared data that the source was read from, or that was just written. */
  prepared?(path: string): void;
}

/** How a table of new rows is read, which a model of such data predicts. */
export interface RowReading {
  /** Where each task's labels are, if a table has any. */
  readonly labels: Readonly<Record<string, LabelReading>>;
  /** The column of rows' weights. */
  readonly weight?: string | undefined;
  readonly dialect: DialectOptions;
}

/** A task's label: see `TaskOption` of tables. */
interface LabelReading {
  readonly column?: string | number | undefined;
  readonly positive?: Condition | undefined;
  readonly regression: boolean;
  readonly multiclass?: true | (string | number)[] | undefined;
  readonly mask?:
    | {
        readonly column: string | number;
        readonly equals?: Condition | undefined;
        readonly where?: Condition | undefined;
      }
    | undefined;
  /** The column of the task's weights. */
  readonly weight?: string | number | undefined;
}

type Value = string | number | boolean;
type Condition = Value | Value[];

/** The dialect of text files. */
export interface DialectOptions {
  readonly header?: boolean | string[] | undefined;
  readonly delimiter?: string | undefined;
  readonly quote?: string | null | undefined;
  readonly encoding?: string | undefined;
  readonly decimal?: ',' | '.' | undefined;
  readonly missing?: readonly string[] | undefined;
}

/** @typeParam Given Its author gets the parsed options. What `defineLoader` returns gets any value, and parses it. */
export interface LoaderDefinition<Options extends z.ZodObject = z.ZodObject, Given = unknown> {
  readonly name: string;
  /** One line for `ple list datasets`. */
  readonly summary: string;
  readonly options: Options;
  /** Options that say where the data lie: they are left out of a run's hash, which has the data's checksum instead. */
  readonly paths: readonly (keyof z.infer<Options> & string)[];
  /**
   * Opens the data.
   * @throws DataError for data that cannot be used.
   */
  readonly open: (options: Given, context: LoaderContext) => Promise<Source>;
  /** Absent: labels are in columns of the tasks' names, 0 or 1, numbers, or the classes' texts. */
  readonly newRows?: ((options: Given) => RowReading) | undefined;
  /**
   * The checksum that the data would have if these files had their rows to train on, so that a file is known again.
   * Undefined: the files alone do not decide it.
   */
  readonly checksumWith?:
    | ((options: Given, files: readonly string[], seed: number) => Promise<string | undefined>)
    | undefined;
}

export function defineLoader<Options extends z.ZodObject>(
  definition: LoaderDefinition<Options, z.infer<Options>>,
): LoaderDefinition {
  const { newRows, checksumWith } = definition;
  const parse = (options: unknown) => definition.options.parse(options);
  return part('loader', {
    ...definition,
    open: async (options, context) => definition.open(parse(options), context),
    newRows: newRows && ((options) => newRows(parse(options))),
    checksumWith: checksumWith && (async (options, ...others) => checksumWith(parse(options), ...others)),
  });
}

export const splitSeedSchema = z
  .union([z.int(), z.literal('run')])
  .default(0)
  .describe('Draws the rows of the splits. `run`: by the run’s `seed`.');

/**
 * The checksum of data whose test rows follow the run's seed: equal checksums stand for equal test rows. (Where only
 * training and validation rows follow it, the checksum is that of the content.)
 */
export function checksumOfDraw(checksum: string, seed: number): string {
  return sha256(`${checksum} ${seed}`);
}

/** The largest range of rows per read. Long ranges cost less per row. */
const mostBlock = { bytes: 2 ** 24, rows: 12 * 2048 };
/** The blocks of a source of at most this many bytes stay in memory, as do its encoded ones of at most as many. */
export const keptBytes = 2 ** 26;
/** Bytes that a list adds to a row's size: of a long list only a part is fed. */
const listBytes = 256;

interface Rows {
  readonly columns: readonly Pick<SourceColumn, 'kind'>[];
  readonly tasks: readonly SourceTask[];
}

/**
 * Rows per block: whole DuckDB vectors. Rows are shuffled in windows of 64 MiB of blocks, and a window should hold
 * several blocks, however wide the rows.
 */
export function rowsPerBlock(rows: Rows): number {
  return Math.min(mostBlock.rows, 2048 * Math.max(1, Math.floor(mostBlock.bytes / rowBytes(rows) / 2048)));
}

/** Whether the blocks stay in memory. */
export function isSmall(source: Rows & { readonly rows: Readonly<Record<SplitName, number>> }): boolean {
  return splitNames.reduce((sum, name) => sum + source.rows[name], 0) * rowBytes(source) <= keptBytes;
}

function rowBytes({ columns, tasks }: Rows): number {
  return columns.reduce((sum, { kind }) => sum + (kind === 'list' ? listBytes : 4), 4 * tasks.length);
}
