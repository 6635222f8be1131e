import { isDeepStrictEqual } from 'node:util';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { Faults } from '../../support/faults.js';
import { must } from '../../support/must.js';
import type { SourceTask } from '../dataset.js';
import type { CellReading } from '../encoding.js';
import type { Condition } from './cell.js';
import { filePattern, isPattern } from './data-files.js';
import { type ColumnOption, type Reference, type TableOptions, type TaskOption, usualSplit } from './table-options.js';
import { delimiterAdvice, usualDelimiters } from './text-table.js';

export interface InputColumn extends CellReading {
  readonly index: number;
  readonly name: string;
  /** Undefined: to be inferred. */
  readonly kind: 'categorical' | 'numeric' | 'list' | undefined;
}

export interface LabelColumn {
  readonly task: SourceTask;
  readonly name: string;
  readonly index: number;
  /** Absent: the label is the cell's number, for binary tasks 0 or 1. */
  readonly positive?: Condition | undefined;
  /** Of a multiclass task: its classes, or that they are those of the training rows. */
  readonly classes?: readonly string[] | 'of training' | undefined;
  readonly mask?: { readonly index: number; readonly name: string; readonly condition: Condition } | undefined;
}

export interface ColumnRoles {
  readonly inputs: readonly InputColumn[];
  readonly labels: readonly LabelColumn[];
  /** The column of a split by value, time, group or strata. */
  readonly split: string | undefined;
  readonly group: string | undefined;
  /** The column of row weights. */
  readonly weight: string | undefined;
  /** Names of all columns that are read. */
  readonly used: ReadonlySet<string>;
}

/**
 * Each column's role. Columns of labels, masks, splits and weights are no inputs, but the latter three are if `columns`
 * names them.
 * @param chosen Tasks whose labels are read. The columns of the others are hidden in the same way.
 */
export function columnRoles(
  { path, names }: { readonly path: string; readonly names: readonly string[] },
  options: TableOptions,
  chosen: readonly string[] = Object.keys(options.tasks),
): ColumnRoles {
  const faults = new Faults();
  const find = (reference: Reference, key: string) => faults.of(() => findColumn(path, names, reference, key), -1);
  const tasks = Object.entries(options.tasks);
  const labels = tasks.flatMap(([name, task]) => (chosen.includes(name) ? [labelColumn(name, task, find, names)] : []));
  const ofOthers = tasks
    .filter(([name]) => !chosen.includes(name))
    .flatMap(([name, { column = name, mask }]) => [column, mask?.column].map((one) => names.indexOf(String(one))));
  const refuseLabel = (index: number, reference: Reference, key: string) => {
    const owner = index < 0 ? undefined : labels.find((label) => label.index === index);
    if (!owner) return;
    const message = `dataset.${key}: '${reference}' is the label of task '${owner.task.name}', so it cannot be an input.`;
    faults.add(new ConfigError(message));
  };
  const named = new Map<number, ColumnOption>();
  const isGlob = (reference: string) => isPattern(reference) && !names.includes(reference);
  const listed = Object.keys(options.columns).filter((reference) => !isGlob(reference));
  const absent = listed.filter((reference) => !names.includes(reference));
  if (absent.length > 1) faults.try(() => noColumns(path, names, absent));
  for (const reference of listed) {
    const option = must(options.columns[reference], reference);
    const index = absent.length > 1 ? names.indexOf(reference) : find(reference, 'columns');
    if (option !== 'ignored') refuseLabel(index, reference, 'columns');
    if (index < 0) continue;
    named.set(index, option);
  }
  const { split = usualSplit } = options;
  const splitColumn =
    'column' in split
      ? find(split.column, 'split.column')
      : 'time' in split
        ? find(split.time, 'split.time')
        : undefined;
  const together =
    'fraction' in split
      ? [
          ...[split.group ?? []].flat().map((column) => find(column, 'split.group')),
          ...[split.stratify ?? []].flat().map((column) => find(column, 'split.stratify')),
        ]
      : [];
  const group = options.group === undefined ? undefined : find(options.group, 'group');
  if (group !== undefined) refuseLabel(group, options.group ?? '', 'group');
  const weight = options.weight === undefined ? undefined : find(options.weight, 'weight');
  const hidden = new Set([
    splitColumn,
    weight,
    ...ofOthers,
    ...labels.flatMap(({ index, mask }) => [index, mask?.index]),
  ]);
  const globs = Object.entries(options.columns).filter(([reference]) => isGlob(reference));
  const isOpen = (index: number) => !named.has(index) && !hidden.has(index);
  const others = faults.of(() => globbed(path, names, globs, isOpen), new Map<number, ColumnOption>());
  for (const [index, option] of others) named.set(index, option);
  const inputs = names.flatMap((name, index): InputColumn[] => {
    const option = named.get(index) ?? (index === group && !hidden.has(index) ? 'categorical' : undefined);
    if (option === 'ignored' || (option === undefined && (hidden.has(index) || options.others === 'ignored')))
      return [];
    if (typeof option === 'object' && option.kind === 'time')
      return option.parts.map((part) => {
        const own = `${name}.${part}`;
        if (names.includes(own))
          faults.add(new ConfigError(`dataset.columns.${name}: there is a column '${own}' already; rename it.`));
        return { name: own, index, kind: part === 'days' ? 'numeric' : 'categorical', part, of: name };
      });
    return faults.of(() => [inputColumn(name, index, option)], []);
  });
  faults.tell();
  if (inputs.length === 0) throw new ConfigError('dataset: no column is left as an input.');
  const groupColumn = inputs.find(({ index }) => index === group);
  if (group !== undefined && groupColumn?.kind !== 'categorical') {
    throw new ConfigError(
      `dataset.group: column '${names[group]}' is no categorical input, as a group must be; make it one with dataset.columns.${names[group]}=categorical.`,
    );
  }
  const isUsed = (index: number) =>
    hidden.has(index) || together.includes(index) || inputs.some((input) => input.index === index);
  const used = new Set(names.filter((_, index) => isUsed(index)));
  const ofSplit = splitColumn ?? together[0];
  return {
    inputs,
    labels,
    split: ofSplit === undefined ? undefined : names[ofSplit],
    group: groupColumn?.name,
    weight: weight === undefined ? undefined : names[weight],
    used,
  };
}

/** The kinds that names with `*` give to columns of which nothing else is said. */
function globbed(
  path: string,
  names: readonly string[],
  globs: readonly (readonly [glob: string, option: ColumnOption])[],
  isOpen: (index: number) => boolean,
): ReadonlyMap<number, ColumnOption> {
  const found = new Map<number, { readonly glob: string; readonly option: ColumnOption }>();
  for (const [glob, option] of globs) {
    const pattern = filePattern(glob);
    if (!names.some((name) => pattern.test(name)))
      throw new ConfigError(`dataset.columns.${glob}: no column of ${path} matches; there are: ${few(names)}.`);
    for (const [index, name] of names.entries()) {
      if (!isOpen(index) || !pattern.test(name)) continue;
      const other = found.get(index);
      if (other && !isDeepStrictEqual(other.option, option))
        throw new ConfigError(
          `dataset.columns: '${other.glob}' and '${glob}' both match column '${name}' and give it different kinds; name the column itself.`,
        );
      found.set(index, { glob, option });
    }
  }
  return new Map([...found].map(([index, { option }]) => [index, option]));
}

function few(names: readonly string[], most = 30): string {
  return (names.length > most ? [...names.slice(0, most), '…'] : names).join(', ');
}

function inputColumn(
  name: string,
  index: number,
  option: Exclude<ColumnOption, { readonly kind: 'time' }> | undefined,
): InputColumn {
  if (option === undefined) return { name, index, kind: undefined };
  if (option === 'ignored') throw new Error('An ignored column is no input');
  if (typeof option === 'string') return { name, index, kind: option };
  if (option.kind === 'categorical' && (option.separator ?? option.weights) !== undefined) {
    throw new ConfigError(`dataset.columns.${name}: 'separator' and 'weights' are for lists.`);
  }
  return { name, index, ...option };
}

function labelColumn(
  name: string,
  option: TaskOption,
  find: (reference: Reference, key: string) => number,
  names: readonly string[],
): LabelColumn {
  const column = option.column ?? name;
  const index = find(column, `tasks.${name}.column`);
  const { multiclass } = option;
  const type = multiclass !== undefined ? 'multiclass' : option.regression ? 'regression' : 'binary';
  const task: SourceTask = { name, type };
  return {
    task,
    name: names[index] ?? '',
    index,
    positive: option.positive,
    classes: multiclass === true ? 'of training' : multiclass?.map(String),
    mask: option.mask && parseMask(option.mask),
  };

  function parseMask(mask: NonNullable<TaskOption['mask']>) {
    const index = find(mask.column, `tasks.${name}.mask.column`);
    return { index, name: names[index] ?? '', condition: mask.where ?? [mask.equals ?? []].flat() };
  }
}

/** @throws ConfigError for several columns that are not there: as one mistake, such as another file. */
function noColumns(path: string, names: readonly string[], absent: readonly string[]): never {
  throw new ConfigError(
    `dataset.columns: ${path} has no columns ${few(absent, 5)} (${absent.length} that are named); there are: ${few(names)}.`,
  );
}

function findColumn(path: string, names: readonly string[], reference: Reference, key: string): number {
  const index = names.indexOf(String(reference));
  if (index >= 0) return index;
  const line = names.join(',').replaceAll('"', '');
  const other = usualDelimiters.find((delimiter) => {
    const split = line.split(delimiter).map((name) => name.trim());
    return split.length > names.length && split.includes(String(reference));
  });
  throw new ConfigError(
    `dataset.${key}: ${path} has no column '${reference}'${didYouMean(String(reference), names)}; there are: ${few(names)}.${other === undefined ? '' : ` ${delimiterAdvice(other)}`}`,
  );
}
