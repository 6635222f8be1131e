import { isDeepStrictEqual } from 'node:util';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { someOf } from '../../support/text.js';
import type { SourceTask } from '../dataset.js';
import type { CellReading } from '../encoding.js';
import type { Condition } from './cell.js';
import { filePattern, isPattern } from './row-file.js';
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
  /** Of a multiclass task: its classes, or that they are those of the training rows. */
  readonly classes?: readonly string[] | 'of training' | undefined;
  readonly mask?: { readonly name: string; readonly condition: Condition } | undefined;
  /** The columns whose product is a label's weight, that of the task first. Absent: a label counts as its row. */
  readonly weights?: readonly [string, ...string[]] | undefined;
}

/** Columns by their names. */
export interface ColumnRoles {
  readonly inputs: readonly InputColumn[];
  readonly labels: readonly LabelColumn[];
  /** Those of a split by value, time, group or strata. */
  readonly split: readonly string[];
  readonly group: string | undefined;
  /** The column of row weights. */
  readonly weight: string | undefined;
  /** All columns that are read. */
  readonly used: ReadonlySet<string>;
}

/**
 * Each column's role. Columns of labels, masks, splits and weights are no inputs, but the latter three are if `columns`
 * names them.
 * @param chosen Tasks whose labels are read. The columns of the others are hidden in the same way.
 * @param trained The inputs of a trained model.
 */
export function columnRoles(
  { path, names }: { readonly path: string; readonly names: readonly string[] },
  options: TableOptions,
  chosen: readonly string[] = Object.keys(options.tasks),
  trained?: readonly InputColumn[],
): ColumnRoles {
  const there = `there are: ${someOf(names, 30)}.`;
  const find = (reference: Reference, key: string): string => {
    const name = String(reference);
    if (names.includes(name)) return name;
    throw new ConfigError(`dataset.${key}: ${path} has no column '${name}'${didYouMean(name, names)}; ${there}`);
  };
  const { split = usualSplit, tasks } = options;
  const columns = new Map(Object.entries(options.columns));
  const labels = Object.entries(tasks).flatMap(([name, task]) =>
    chosen.includes(name) ? [labelColumn(name, task, options.weight, find)] : [],
  );
  const globs: { readonly glob: string; readonly option: ColumnOption; readonly pattern: RegExp }[] = [];
  for (const [reference, option] of columns) {
    if (isPattern(reference) && !names.includes(reference)) {
      const pattern = filePattern(reference);
      if (!names.some((name) => pattern.test(name)))
        throw new ConfigError(`dataset.columns.${reference}: no column of ${path} matches; ${there}`);
      globs.push({ glob: reference, option, pattern });
      continue;
    }
    const label = labels.find(({ name }) => name === find(reference, 'columns'));
    if (label && option !== 'ignored')
      throw new ConfigError(
        `dataset.columns: '${reference}' is the label of task '${label.task.name}', so it cannot be an input.`,
      );
  }
  const bySplit =
    'column' in split
      ? [find(split.column, 'split.column')]
      : 'time' in split
        ? [find(split.time, 'split.time')]
        : [split.group ?? [], split.stratify ?? []].flat().map((column) => find(column, 'split.fraction'));
  const group = options.group === undefined ? undefined : find(options.group, 'group');
  const weight = options.weight === undefined ? undefined : find(options.weight, 'weight');
  const hidden = new Set<string | undefined>([
    ...('fraction' in split ? [] : bySplit),
    weight,
    ...Object.entries(tasks).flatMap(([name, { column = name, mask, weight = column }]) =>
      [column, mask?.column ?? column, weight].map(String),
    ),
  ]);
  const optionOf = (name: string): ColumnOption | undefined => {
    if (columns.has(name)) return columns.get(name);
    if (hidden.has(name)) return 'ignored';
    const [first, ...others] = globs.filter(({ pattern }) => pattern.test(name));
    const other = others.find(({ option }) => !isDeepStrictEqual(option, first?.option));
    if (other)
      throw new ConfigError(
        `dataset.columns: '${first?.glob}' and '${other.glob}' both match column '${name}' and give it different kinds; name the column itself.`,
      );
    if (first) return first.option;
    return name === group ? 'categorical' : options.others === 'ignored' ? 'ignored' : undefined;
  };
  const inputsOf = (name: string): InputColumn[] => {
    const option = optionOf(name);
    if (option === 'ignored') return [];
    if (typeof option !== 'object') return [{ name, kind: option }];
    if (option.kind !== 'time') return [{ name, ...option }];
    return option.parts.map((part) => {
      const input = `${name}.${part}`;
      if (names.includes(input))
        throw new ConfigError(`dataset.columns.${name}: there is a column '${input}' already; rename it.`);
      return { name: input, kind: part === 'days' ? 'numeric' : 'categorical', part, of: name };
    });
  };
  const inputs = trained ?? names.flatMap(inputsOf);
  if (inputs.length === 0) throw new ConfigError('dataset: no column is left as an input.');
  if (group !== undefined && inputs.find(({ name }) => name === group)?.kind !== 'categorical')
    throw new ConfigError(
      `dataset.group: column '${group}' is no categorical input, as a group must be; make it one with dataset.columns.${group}=categorical.`,
    );
  const read = new Set([...hidden, ...bySplit, ...inputs.map(({ name, of = name }) => of)]);
  return { inputs, labels, split: bySplit, group, weight, used: new Set(names.filter((name) => read.has(name))) };
}

function labelColumn(
  name: string,
  { column = name, multiclass, regression, positive, mask, weight }: TaskOption,
  rowWeight: Reference | undefined,
  find: (reference: Reference, key: string) => string,
): LabelColumn {
  const type = multiclass !== undefined ? 'multiclass' : regression ? 'regression' : 'binary';
  return {
    task: { name, type },
    name: find(column, `tasks.${name}.column`),
    positive,
    classes: multiclass === true ? 'of training' : multiclass?.map(String),
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
