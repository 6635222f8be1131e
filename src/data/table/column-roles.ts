import { isDeepStrictEqual } from 'node:util';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { someOf } from '../../support/text.js';
import type { SourceTask } from '../dataset.js';
import type { CellReading } from '../encoding.js';
import type { RowReading } from '../loader.js';
import { type Condition, shown } from './cell.js';
import { filePattern, isPattern } from './row-file.js';
import type { TableFile } from './staged-rows.js';
import { type ColumnOption, type Reference, type TableOptions, type TaskOption, usualSplit } from './table-options.js';

export interface InputColumn extends CellReading {
  readonly name: string;
  /** Undefined: to be inferred. */
  readonly kind: 'categorical' | 'numeric' | 'list' | undefined;
}

export interface LabelColumn {
  readonly task: SourceTask;
  readonly name: string;
  /** Absent: the label is the cell's number, for binary tasks 0 or 1. */
  readonly positive?: Condition | undefined;
  /** The classes of the multiclass task are those of the training rows. */
  readonly ofTraining?: boolean;
  readonly mask?: { readonly name: string; readonly condition: Condition } | undefined;
  /** The columns whose product is a label's weight, that of the task first. Absent: a label counts as its row. */
  readonly weights?: readonly [string, ...string[]] | undefined;
}

/** How rows are cut into splits. */
export interface SplitCut extends Pick<TableOptions, 'split' | 'splitSeed' | 'validation' | 'test'> {
  /** The columns that decide: of values, times, groups or strata. */
  readonly columns: readonly string[];
}

/** What is read of a table's columns, by their names: what a config says of them, or a trained model's encoding. */
export interface ColumnRoles {
  readonly inputs: readonly InputColumn[];
  readonly labels: readonly LabelColumn[];
  /** Absent: new rows of a trained model, all of the test split. No message advises to change how they are read. */
  readonly cut?: SplitCut;
  readonly group?: string | undefined;
  /** The column of row weights. */
  readonly weight?: string | undefined;
  /** Columns that the table `kept` gets as they are, in the order of the rows. */
  readonly keep: readonly string[];
  /** All columns that are read. */
  readonly used: ReadonlySet<string>;
}

type NamedColumns = Pick<TableFile, 'path' | 'names'>;

/**
 * Each column's role by a config. Columns of labels, masks, splits and weights are no inputs, but the latter three are
 * if `columns` names them.
 * @param chosen Tasks whose labels are read. The columns of the others are hidden in the same way.
 */
export function columnRoles(
  file: NamedColumns,
  options: TableOptions,
  chosen: readonly string[] = Object.keys(options.tasks),
): ColumnRoles {
  const { split: rule = usualSplit } = options;
  const tasks = Object.entries(options.tasks);
  const find = columnFinder(file);
  const labels = tasks.flatMap(([name, task]) =>
    chosen.includes(name) ? [labelColumn(name, task, options.weight, find)] : [],
  );
  const named = new Map(Object.entries(options.columns));
  const globs = checkedGlobs(named, file, labels, find);
  const split = splitColumns(rule, find);
  const group = options.group === undefined ? undefined : find(options.group, 'group');
  const weight = options.weight === undefined ? undefined : find(options.weight, 'weight');
  const hidden = new Set([...('fraction' in rule ? [] : split), weight, ...labelColumns(tasks)]);
  const usual = options.others === 'ignored' ? 'ignored' : undefined;
  const optionOf = (name: string) => {
    if (named.has(name)) return named.get(name);
    if (hidden.has(name)) return 'ignored';
    return globOption(name, globs) ?? (name === group ? 'categorical' : usual);
  };
  const inputs = file.names.flatMap((name) => inputsOf(name, optionOf(name), file.names));
  if (inputs.length === 0) throw new ConfigError('dataset: no column is left as an input.');
  if (group !== undefined && inputs.find(({ name }) => name === group)?.kind !== 'categorical')
    throw new ConfigError(
      `dataset.group: column '${group}' is no categorical input, as a group must be; make it one with dataset.columns.${group}=categorical.`,
    );
  const cut = { ...options, columns: split };
  const used = usedColumns(file, inputs, [...hidden, ...split]);
  return { inputs, labels, cut, group, weight, keep: [], used };
}

/** What a trained model reads of new rows. */
export interface ModelColumns extends Pick<RowReading, 'labels' | 'weight'> {
  readonly inputs: readonly InputColumn[];
  readonly keep: readonly string[];
}

/**
 * Each column's role in new rows of a trained model. A task whose label or mask is not there has no labels.
 * @throws DataError for another column that is not there.
 */
export function modelRoles(file: NamedColumns, { inputs, keep, weight, labels }: ModelColumns): ColumnRoles {
  const has = (column: Reference) => file.names.includes(String(column));
  const tasks = Object.entries(labels).filter(
    ([name, { column = name, mask }]) => has(column) && (mask === undefined || has(mask.column)),
  );
  const need = columnNeed(file);
  for (const { name, of: column = name } of inputs) need(column, ', which the model reads');
  for (const name of keep) need(name);
  for (const [name, { weight }] of tasks)
    need(weight, `, the weight of task '${name}' (dataset.tasks.${name}.weight of the run)`);
  need(weight, ', the weight of rows (dataset.weight of the run)');
  const used = usedColumns(file, inputs, [weight, ...keep, ...labelColumns(tasks)]);
  return { inputs, labels: tasks.map(([name, task]) => labelColumn(name, task, weight, String)), weight, keep, used };
}

/** The columns of labels, masks and tasks' weights. */
function labelColumns(tasks: readonly (readonly [string, TaskOption])[]): string[] {
  return tasks.flatMap(([name, { column = name, mask, weight = column }]) =>
    [column, mask?.column ?? column, weight].map(String),
  );
}

function usedColumns(
  { names }: NamedColumns,
  inputs: readonly InputColumn[],
  others: readonly (string | undefined)[],
): ReadonlySet<string> {
  const read = new Set([...others, ...inputs.map(({ name, of = name }) => of)]);
  return new Set(names.filter((name) => read.has(name)));
}

/** What refuses a file without a column. @throws DataError */
function columnNeed({ path, names }: NamedColumns): (name: Reference | undefined, why?: string) => void {
  const [, delimiter] = /([;\t|])/.exec(names.length === 1 ? (names[0] ?? '') : '') ?? [];
  const uncut =
    delimiter === undefined
      ? ''
      : ` If ${shown(delimiter)} stands between columns: dataset.delimiter=${shown(delimiter)}.`;
  return (name, why = '') => {
    if (name === undefined || names.includes(String(name))) return;
    throw new DataError(
      `${path} has no column '${name}'${didYouMean(String(name), names)}${why}; ${thereAre(names)}${uncut}`,
    );
  };
}

type Find = (reference: Reference, key: string) => string;

/** What finds the column that a key of `dataset` names. */
function columnFinder({ path, names }: NamedColumns): Find {
  return (reference, key) => {
    const name = String(reference);
    if (names.includes(name)) return name;
    throw new ConfigError(
      `dataset.${key}: ${path} has no column '${name}'${didYouMean(name, names)}; ${thereAre(names)}`,
    );
  };
}

function thereAre(names: readonly string[]): string {
  return `there are: ${someOf(names, 30)}.`;
}

function splitColumns(split: NonNullable<TableOptions['split']>, find: Find): readonly string[] {
  if ('column' in split) return [find(split.column, 'split.column')];
  if ('time' in split) return [find(split.time, 'split.time')];
  return [split.group ?? [], split.stratify ?? []].flat().map((column) => find(column, 'split.fraction'));
}

/** A key of `dataset.columns` with `*` or `?`. */
interface Glob {
  readonly glob: string;
  readonly option: ColumnOption;
  readonly pattern: RegExp;
}

/** @throws ConfigError for a key of `dataset.columns` that is no column and matches none, and for a label as an input. */
function checkedGlobs(
  columns: ReadonlyMap<string, ColumnOption>,
  { path, names }: NamedColumns,
  labels: readonly LabelColumn[],
  find: Find,
): readonly Glob[] {
  const globs: Glob[] = [];
  for (const [key, option] of columns) {
    if (isPattern(key) && !names.includes(key)) {
      const pattern = filePattern(key);
      if (!names.some((name) => pattern.test(name)))
        throw new ConfigError(`dataset.columns.${key}: no column of ${path} matches; ${thereAre(names)}`);
      globs.push({ glob: key, option, pattern });
      continue;
    }
    const label = labels.find(({ name }) => name === find(key, 'columns'));
    if (label && option !== 'ignored')
      throw new ConfigError(
        `dataset.columns: '${key}' is the label of task '${label.task.name}', so it cannot be an input.`,
      );
  }
  return globs;
}

/** @throws ConfigError for a column to which two patterns give different options. */
function globOption(name: string, globs: readonly Glob[]): ColumnOption | undefined {
  const [first, ...others] = globs.filter(({ pattern }) => pattern.test(name));
  const other = others.find(({ option }) => !isDeepStrictEqual(option, first?.option));
  if (!other) return first?.option;
  throw new ConfigError(
    `dataset.columns: '${first?.glob}' and '${other.glob}' both match column '${name}' and give it different kinds; name the column itself.`,
  );
}

/** The inputs that a column becomes. @param option Undefined: its kind is to be inferred. */
function inputsOf(name: string, option: ColumnOption | undefined, names: readonly string[]): InputColumn[] {
  if (option === 'ignored') return [];
  if (typeof option !== 'object') return [{ name, kind: option }];
  if (option.kind !== 'time') return [{ name, ...option }];
  return option.parts.map((part) => {
    const input = `${name}.${part}`;
    if (names.includes(input))
      throw new ConfigError(`dataset.columns.${name}: there is a column '${input}' already; rename it.`);
    return { name: input, kind: part === 'days' ? 'numeric' : 'categorical', part, of: name };
  });
}

function labelColumn(
  name: string,
  { column = name, multiclass, regression, positive, mask, weight }: TaskOption,
  rowWeight: Reference | undefined,
  find: Find,
): LabelColumn {
  const type = multiclass !== undefined ? 'multiclass' : regression ? 'regression' : 'binary';
  return {
    task: { name, type, classes: multiclass === true ? undefined : multiclass?.map(String) },
    name: find(column, `tasks.${name}.column`),
    positive,
    ofTraining: multiclass === true,
    mask: mask && {
      name: find(mask.column, `tasks.${name}.mask.column`),
      condition: mask.where ?? [mask.equals ?? []].flat(),
    },
    weights:
      weight === undefined
        ? undefined
        : [find(weight, `tasks.${name}.weight`), ...[rowWeight ?? []].flat().map(String)],
  };
}
