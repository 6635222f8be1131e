import { ConfigError, DataError } from '../../support/errors.js';
import { randomFromSeed } from '../../support/random.js';
import type { SplitName } from '../dataset.js';
import { type Cell, shown, textOf } from './cell.js';
import { type Condition, compileCondition } from './condition.js';
import { timeOf } from './scan.js';
import type { TableOptions } from './table-options.js';

const usualShare = 0.1;

/** The split of a row of the files in `path`; undefined: it is in none. Rows are asked for in their order. */
export type SplitOfRow = (record: readonly Cell[], place: () => string) => SplitName | undefined;

/** The shares of rows that the other splits have of the files in `path`. */
export interface Shares {
  readonly validation: number;
  readonly test: number;
}

/** The shares that are cut out of `path`. @throws ConfigError for a split that has files and a share, too, or neither. */
export function sharesOf(options: TableOptions): Shares {
  const { split } = options;
  const asked: Partial<Record<'validation' | 'test', unknown>> =
    split && 'fraction' in split ? split.fraction : (split ?? {});
  const shareOf = (name: 'validation' | 'test') => {
    const own = asked[name];
    if (options[name] === undefined) return typeof own === 'number' ? own : usualShare;
    if (own === undefined) return 0;
    throw new ConfigError(`dataset.split: the ${name} split has files of its own (dataset.${name}).`);
  };
  const shares = { validation: shareOf('validation'), test: shareOf('test') };
  if (!(split && 'column' in split) && shares.validation + shares.test >= 1) {
    throw new ConfigError('dataset.split: no rows are left for training.');
  }
  const drawn = !split || 'fraction' in split;
  if (options.splitSeed === 'run' && !(drawn && shares.validation + shares.test > 0)) {
    throw new ConfigError(
      "dataset.splitSeed: 'run' would change nothing: no rows are drawn (dataset.split: { fraction: … }).",
    );
  }
  if (options.splitSeed === 'run' && groupOf(options) !== undefined)
    throw new ConfigError("dataset.split.by: 'splitSeed: run' draws rows, not groups; use a number.");
  return shares;
}

/** The column whose values are kept together. */
function groupOf({ split }: TableOptions): string | number | undefined {
  return split && 'fraction' in split ? split.by : undefined;
}

/** All rows of one value are in one split; a row without a value is drawn alone. */
function drawnByGroup(shares: Shares, seed: number, column: number, isMissing: (cell: Cell) => boolean): SplitOfRow {
  const random = randomFromSeed(seed).stream('split');
  const alone = drawnSplitOf(shares, seed);
  const known = new Map<string, SplitName>();
  return (record) => {
    const cell = record[column] ?? null;
    if (isMissing(cell)) return alone();
    const text = textOf(cell);
    const split = known.get(text) ?? splitAt(random.stream(text).uniform(), shares);
    known.set(text, split);
    return split;
  };
}

/** Draws the split of a row after the other. */
export function drawnSplitOf(shares: Shares, seed: number): () => SplitName {
  const random = randomFromSeed(seed).stream('split');
  return () => splitAt(random.uniform(), shares);
}

function splitAt(draw: number, { validation, test }: Shares): SplitName {
  if (draw < test) return 'test';
  return draw < test + validation ? 'validation' : 'train';
}

/**
 * With `splitSeed: run` all rows are in one split, from which each seed's are drawn when the source is opened.
 * @param column of a split by value, time or group.
 * @param times of all rows of `path`, ascending, for a split by time.
 */
export function splitOfRow(
  options: TableOptions,
  column: number | undefined,
  times: Float64Array,
  isMissing: (cell: Cell) => boolean,
): SplitOfRow {
  const { split } = options;
  const shares = sharesOf(options);
  if (split && 'column' in split) return byValue(split, options, column ?? -1);
  if (split && 'time' in split) return byTime(String(split.time), shares, column ?? -1, times);
  if (options.splitSeed === 'run') return () => 'train';
  if (groupOf(options) !== undefined) return drawnByGroup(shares, options.splitSeed, column ?? -1, isMissing);
  return drawnSplitOf(shares, options.splitSeed);
}

function byValue(
  split: { readonly [name in SplitName]?: Condition | undefined } & { readonly column: string | number },
  options: TableOptions,
  column: number,
): SplitOfRow {
  const conditions = (['test', 'validation', 'train'] as const).flatMap((name) => {
    const condition = split[name];
    if (condition === undefined && name !== 'train' && options[name] === undefined) {
      throw new ConfigError(`dataset.split: say which values of '${split.column}' make the ${name} split.`);
    }
    return condition === undefined ? [] : [{ name, holds: compileCondition(condition) }];
  });
  const rest = split.train === undefined ? 'train' : undefined;
  return (record, place) => {
    const cell = record[column] ?? null;
    for (const { name, holds } of conditions) {
      const met = holds(cell);
      if (met === undefined) {
        throw new DataError(
          `${place()}: column '${split.column}' is ${shown(cell)}, which cannot be compared with a number.`,
        );
      }
      if (met) return name;
    }
    return rest;
  };
}

/** Rows of one time are in one split: that of the latest share that the time reaches into. */
function byTime(name: string, { validation, test }: Shares, column: number, times: Float64Array): SplitOfRow {
  const from = (share: number) => (share > 0 ? (times[Math.floor((1 - share) * times.length)] ?? Infinity) : Infinity);
  const [testFrom, validationFrom] = [from(test), from(validation + test)];
  return (record, place) => {
    const time = timeOf(record[column] ?? null, place(), name);
    if (time >= testFrom) return 'test';
    return time >= validationFrom && validation > 0 ? 'validation' : 'train';
  };
}
