import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError } from '../../support/errors.js';
import { randomFromSeed } from '../../support/random.js';
import { type SplitName, splitNames } from '../dataset.js';
import { appendColumns } from '../store/append-columns.js';
import { queryNumbers, queryRows } from '../store/database.js';
import type { Draw, StoredSource } from '../store/prepared-source.js';
import type { Condition } from './cell.js';
import { writingOfTimes } from './column-kinds.js';
import type { SplitCut } from './column-roles.js';
import {
  conditionSql,
  keySql,
  numberSql,
  type StagedColumn,
  type StagedRows,
  spelling,
  stagedTable,
  textSql,
  timesOfText,
} from './staged-rows.js';
import { isOfTest, usualSplit } from './table-options.js';
import type { Check, RowSplits } from './table-plan.js';

const usualShare = 0.1;

/** The shares of rows that the other splits have of the files in `path`. */
export interface Shares {
  readonly validation: number;
  readonly test: number;
}

type SplitOptions = Omit<SplitCut, 'columns'>;

/**
 * The shares that are cut out of `path`. @throws ConfigError for a split that has files and a share, too, or neither.
 */
export function splitShares(options: SplitOptions): Shares {
  const { split = usualSplit, splitSeed } = options;
  const refuse = (message: string) => new ConfigError(`dataset.split: ${message}`);
  const drawn = 'fraction' in split ? split : undefined;
  const asked: Partial<Record<'validation' | 'test', unknown>> = 'fraction' in split ? split.fraction : split;
  const share = (name: 'validation' | 'test') => {
    const value = asked[name];
    if (options[name] === undefined) return typeof value === 'number' ? value : usualShare;
    if (value === undefined) return 0;
    throw refuse(`the ${name} split has files of its own (dataset.${name}): leave '${name}' out here.`);
  };
  const shares = { validation: share('validation'), test: share('test') };
  const cut = shares.validation + shares.test;
  const together = drawn?.group ?? drawn?.stratify;
  if (!('column' in split) && cut >= 1) throw refuse('no rows are left for training.');
  if (drawn?.group !== undefined && drawn.stratify !== undefined) throw refuse("give 'group' or 'stratify', not both.");
  if (splitSeed === 'run' && (!drawn || cut === 0 || together !== undefined))
    throw refuse("'splitSeed: run' draws single rows ({ fraction: … }), neither groups nor strata; use a number.");
  if (isOfTest(options) && (together !== undefined || !options.test || options.validation))
    throw refuse("'of: test' draws the rows of validation, neither groups nor strata, from the files of dataset.test.");
  return shares;
}

/**
 * Cuts the rows of a prepared table when it is opened: those of training each go where a preparation with this
 * `splitSeed` would have put them; of those of the test (`of: test`) the share is drawn without replacement.
 */
export function rowDraw(options: SplitOptions, seed: number, { rows }: StoredSource): Draw {
  const shares = splitShares(options);
  const [parent, first] = isOfTest(options) ? (['test', rows.train] as const) : (['train', 0] as const);
  const drawn = new Uint8Array(rows[parent]).fill(code(parent));
  if (parent === 'test') {
    const shuffled = Int32Array.from(drawn, (_, row) => row);
    randomFromSeed(seed).stream('split').shuffle(shuffled);
    for (const row of shuffled.subarray(0, Math.round(shares.validation * rows.test))) drawn[row] = code('validation');
  } else {
    const splitOf = drawnSplit(shares, seed);
    for (const row of drawn.keys()) drawn[row] = splitOf();
  }
  return {
    key: 'row',
    rowSplit: (row, stored) => (stored === parent ? splitNames[drawn[row - first] ?? 0] : stored), // rows lie in the order of the files
  };
}

/** Draws the split of a row after the other. */
function drawnSplit(shares: Shares, seed: number): () => number {
  const random = randomFromSeed(seed).stream('split');
  return () => splitAt(random.uniform(), shares);
}

function splitAt(draw: number, { validation, test }: Shares): number {
  return code(draw < test ? 'test' : draw < test + validation ? 'validation' : 'train');
}

const code = (name: SplitName) => splitNames.indexOf(name);

/** New rows are all of the test split, in their order. */
export function testRows(): RowSplits {
  const from = `(SELECT *, rowid AS row, ${code('test')} AS split, true AS given, 0 AS sort_key FROM ${stagedTable})`;
  return { from, looked: from, checks: [] };
}

/**
 * With `splitSeed: run` and with `of: test` no row is drawn: `rowDraw` does when the source is opened.
 * A drawn row's split is that of the n-th draw, n its number in the files of `path`.
 */
export async function rowSplits(database: DuckDBConnection, staged: StagedRows, cut: SplitCut): Promise<RowSplits> {
  const { split = usualSplit, splitSeed } = cut;
  const shares = splitShares(cut);
  const seed = splitSeed === 'run' ? 0 : splitSeed;
  const columns = cut.columns.map(staged.column);
  const fileSplit = splitOfFile(staged);
  const key = sortKey(seed);
  const rule = await splitRule();
  const from = `(SELECT s.*, s.rowid AS row, coalesce(${fileSplit}, ${rule.sql}) AS split, ${fileSplit} IS NOT NULL AS given, ${key} AS sort_key FROM ${stagedTable} s ${rule.join ?? ''})`;
  const whole = `(SELECT *, rowid AS row, false AS given, 0 AS split FROM ${stagedTable})`;
  if (!rule.fault) return { from, looked: whole, checks: [] };
  return { from, looked: from, checks: [{ ...rule.fault, sql: `NOT given AND ${rule.fault.sql}` }] };

  async function splitRule(): Promise<Rule> {
    const [of] = columns;
    if (of && 'column' in split) return byValue(split, cut, of);
    if (of && 'time' in split) return byTime(database, shares, of, staged, fileSplit);
    if (splitSeed === 'run' || isOfTest(cut)) return { sql: String(code('train')) };
    if ('stratify' in split && split.stratify !== undefined) return byStratum(columns, shares, fileSplit, key);
    await drawRows(database, staged, drawnSplit(shares, seed));
    const drawn = { sql: 'coalesce(d.split, 0)', join: 'LEFT JOIN draws d ON d.row = s.rowid' };
    if (!of) return drawn;
    await drawGroups(database, of, shares, seed);
    const join = `${drawn.join} LEFT JOIN (FROM groups POSITIONAL JOIN group_splits) g ON g.value = ${keySql(of)}`;
    return { sql: `coalesce(g.split, ${drawn.sql})`, join };
  }
}

interface Rule {
  /** The split's code. */
  readonly sql: string;
  readonly join?: string;
  /** What is refused where the file gives no split. */
  readonly fault?: Check;
}

/** SQL of the split of files that have one; else NULL. */
function splitOfFile({ files }: StagedRows): string {
  const cases = files.flatMap(({ split, first, rows }) =>
    split === 'train' ? [] : [`WHEN s.rowid BETWEEN ${first} AND ${first + rows - 1} THEN ${code(split)}`],
  );
  return cases.length > 0 ? `CASE ${cases.join(' ')} END` : 'NULL';
}

/**
 * SQL of a number below 2^31 that mixes the row's number with the seed: three multiplications, in steps that stay below
 * 2^63.
 */
function sortKey(seed: number): string {
  const prime = 2 ** 31 - 1;
  const start = randomFromSeed(seed).stream('rows').below(prime);
  const mixed = [15, 13].reduce(
    (sql, shift) => `((xor(${sql}, ${sql} >> ${shift}) * 1597334677) % ${prime})`,
    `((s.rowid % ${prime} * 1103515245 + ${start}) % ${prime})`,
  );
  return `${mixed}::INTEGER`;
}

/** The table `draws`: the rows that are drawn from training, and their splits. */
async function drawRows(database: DuckDBConnection, { files, rows }: StagedRows, splitOf: () => number): Promise<void> {
  const [numbers, splits] = [new Int32Array(rows), new Uint8Array(rows)];
  let drawn = 0;
  for (const { split, first, rows } of files) {
    for (let row = first; split === 'train' && row < first + rows; row++) {
      const split = splitOf();
      if (split === code('train')) continue;
      numbers[drawn] = row;
      splits[drawn++] = split;
    }
  }
  await database.run('CREATE OR REPLACE TABLE draws (row INTEGER, split UTINYINT)');
  await appendColumns(database, 'draws', [numbers, splits], drawn);
}

/**
 * The tables `groups` and `group_splits`: each value, and its split. All rows of one value are in one split, however it
 * is spelled; a row without a value is drawn alone.
 */
async function drawGroups(
  database: DuckDBConnection,
  column: StagedColumn,
  shares: Shares,
  seed: number,
): Promise<void> {
  const random = randomFromSeed(seed).stream('split');
  const distinct = `SELECT ${keySql(column)} AS value, ${spelling(textSql(column), 'value')} AS name FROM ${stagedTable} WHERE value IS NOT NULL GROUP BY 1`;
  await database.run(`CREATE OR REPLACE TABLE groups AS ${distinct}`);
  const values = await queryRows(database, 'SELECT name FROM groups');
  const splits = Uint8Array.from(values, ([value]) => splitAt(random.stream(String(value)).uniform(), shares));
  await database.run('CREATE OR REPLACE TABLE group_splits (split UTINYINT)');
  await appendColumns(database, 'group_splits', [splits], splits.length);
}

/** Each stratum is split by the same shares, to the nearest row. */
function byStratum(columns: readonly StagedColumn[], shares: Shares, fileSplit: string, key: string): Rule {
  const strata = columns.map((column) => `coalesce(${keySql(column)}, '')`);
  const partition = `PARTITION BY ${[`${fileSplit} IS NOT NULL`, ...strata].join(', ')}`;
  const upTo = (share: number) =>
    `row_number() OVER (${partition} ORDER BY ${key}, s.rowid) <= round(${share} * count(*) OVER (${partition}))`;
  return {
    sql: `CASE WHEN ${upTo(shares.test)} THEN 2 WHEN ${upTo(shares.test + shares.validation)} THEN 1 ELSE 0 END`,
  };
}

function byValue(
  split: { readonly [name in SplitName]?: Condition | undefined } & { readonly column: string | number },
  options: SplitOptions,
  column: StagedColumn,
): Rule {
  const filled = column.type === 'text' ? { ...column, sql: `coalesce(${column.sql}, '')` } : column;
  const conditions = (['test', 'validation', 'train'] as const).flatMap((name) => {
    const condition = split[name];
    if (condition === undefined && name !== 'train' && options[name] === undefined)
      throw new ConfigError(`dataset.split: say which values of '${split.column}' make the ${name} split.`);
    return condition === undefined ? [] : [{ name, ...conditionSql(condition, filled) }];
  });
  const cases = conditions.map(({ name, holds }) => `WHEN ${holds} THEN ${code(name)}`);
  const rest = split.train === undefined ? code('train') : 'NULL';
  const comparable = conditions.map(({ comparable }) => comparable).join(' AND ') || 'true';
  const what = ', which cannot be compared with a number.';
  return {
    sql: `CASE ${[...cases, 'WHEN false THEN 0'].join(' ')} ELSE ${rest} END`,
    fault: { sql: `NOT (${comparable})`, column: column.name, what },
  };
}

/** Rows of one time are in one split: that of the latest share that the time reaches into. */
async function byTime(
  database: DuckDBConnection,
  { validation, test }: Shares,
  column: StagedColumn,
  { files }: StagedRows,
  fileSplit: string,
): Promise<Rule> {
  const number = numberSql(column);
  const counts = [`count(${column.sql})`, `count(${number})`];
  const [present = 0, numbers = 0] = await queryNumbers(database, counts, stagedTable);
  const time =
    numbers === present || column.type !== 'text'
      ? number
      : `coalesce(${number}, epoch_ms(${timesOfText(column.sql)[(await writingOfTimes(database, column, present))?.place ?? 0]})::DOUBLE)`;
  const all = files.reduce((sum, { split, rows }) => sum + (split === 'train' ? rows : 0), 0);
  const from = async (share: number) => {
    const ordered = `SELECT ${time} FROM ${stagedTable} s WHERE ${fileSplit} IS NULL ORDER BY 1 LIMIT 1 OFFSET ${Math.floor((1 - share) * all)}`;
    const [[value] = []] = share > 0 ? await queryRows(database, ordered) : [];
    return value === null || value === undefined ? 'NULL' : `${Number(value)}`;
  };
  const [testFrom, validationFrom] = [await from(test), await from(validation > 0 ? validation + test : 0)];
  const what = ', which is neither a number nor a date such as 2024-05-31.';
  return {
    sql: `CASE WHEN ${time} >= ${testFrom} THEN 2 WHEN ${time} >= ${validationFrom} THEN 1 ELSE 0 END`,
    fault: { sql: `${time} IS NULL`, column: column.name, what },
  };
}
