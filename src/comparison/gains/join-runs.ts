import { ConfigError } from '../../support/errors.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { pointKey } from '../plan/axis-point.js';
import type { Entry, EntryRun } from '../stored/entry.js';
import type { StoredRuns } from '../stored/stored-runs.js';
import { checkPair } from './measured.js';
import { pointAndValuesKey, settingsDifference } from './settings.js';

/**
 * Joins runs that were stored apart into the rows of one table. Rows with equal labels are one model if their configs
 * differ only in the seed. Otherwise rows from comparisons get the comparison's name as a prefix.
 * @throws ConfigError for labels that still clash, and for different axes.
 */
export function joinRuns(sources: readonly StoredRuns[]): {
  readonly axes: Readonly<Record<string, readonly unknown[]>>;
  readonly rows: readonly Entry<FinishedRun>[];
} {
  const keys = axisKeys(sources);
  const models: Model[] = [];
  for (const source of sources) {
    for (const label of new Set(source.rows.map((row) => row.label))) {
      const rows = source.rows.filter((row) => row.label === label);
      const same = models.find((model) => model.label === label && !settingsDifference(model.rows, rows));
      if (same) same.rows = joined(same.rows, rows);
      else models.push({ label, source, rows });
    }
  }
  const labelled = models.map((model) => ({ ...model, label: distinctLabel(model, models) }));
  for (const [index, { label, source, rows }] of labelled.entries()) {
    const other = labelled.slice(0, index).find((model) => model.label === label);
    if (!other) continue;
    const key = settingsDifference(other.rows, rows);
    throw new ConfigError(
      `${other.source.path} and ${source.path} both have a model '${label}'${key ? `, but differ in ${key}` : ''}: tell them apart with NAME=PATH.`,
    );
  }
  const rows = labelled.flatMap((model) => model.rows.map((row) => ({ ...row, label: model.label })));
  const points = inOrder(rows, keys);
  return {
    axes: Object.fromEntries(keys.map((key) => [key, axisValues(rows, key)])),
    rows: points.flatMap((point) => rows.filter((row) => pointKey(row.point) === point)),
  };
}

interface Model {
  readonly label: string;
  /** Where the model was found first. */
  readonly source: StoredRuns;
  rows: readonly Entry<FinishedRun>[];
}

function axisKeys(sources: readonly StoredRuns[]): readonly string[] {
  const [first, ...others] = sources;
  const variedKeys = ({ comparison }: StoredRuns) => Object.keys(comparison?.axes ?? {});
  if (!first) return [];
  for (const other of others) {
    if (variedKeys(first).join() !== variedKeys(other).join()) {
      const tell = (source: StoredRuns) => `${source.path} varies ${variedKeys(source).join(', ') || 'nothing'}`;
      throw new ConfigError(`${tell(first)}, ${tell(other)}: a table has one set of axes.`);
    }
  }
  return variedKeys(first);
}

/**
 * Merges rows of one model: a point of the axes, or of the front, in both gets the runs of both. For a seed and
 * tasks in both, the finished run is kept, else the first.
 */
function joined(
  left: readonly Entry<FinishedRun>[],
  right: readonly Entry<FinishedRun>[],
): readonly Entry<FinishedRun>[] {
  const both = left.map((row) => {
    const added = right.find((other) => pointAndValuesKey(other) === pointAndValuesKey(row))?.runs ?? [];
    const runs = row.runs.map((run) => {
      const again = added.find((other) => runKey(other) === runKey(run));
      if (run.run && again?.run) checkPair(run.run, again.run);
      return run.run ? run : (again ?? run);
    });
    return {
      ...row,
      runs: [...runs, ...added.filter((other) => !row.runs.some((run) => runKey(run) === runKey(other)))],
    };
  });
  return [
    ...both,
    ...right.filter((row) => !left.some((other) => pointAndValuesKey(other) === pointAndValuesKey(row))),
  ];
}

function runKey({ seed, tasks }: EntryRun): string {
  return JSON.stringify([seed, tasks]);
}

function distinctLabel({ label, source }: Model, models: readonly Model[]): string {
  const clashes = models.filter((model) => model.label === label).length > 1;
  return clashes && source.comparison ? `${source.name}/${label}` : label;
}

/** Values of an axis in the order of their first appearance. */
function axisValues(rows: readonly Entry<FinishedRun>[], key: string): readonly unknown[] {
  const found = new Map(rows.map(({ point }) => [JSON.stringify(point[key]), point[key]]));
  return [...found.values()];
}

/** Keys of the existing points. The last axis changes fastest. */
function inOrder(rows: readonly Entry<FinishedRun>[], keys: readonly string[]): readonly string[] {
  const places = new Map(keys.map((key) => [key, axisValues(rows, key).map((value) => JSON.stringify(value))]));
  const place = ({ point }: Entry<FinishedRun>) =>
    keys.map((key) => places.get(key)?.indexOf(JSON.stringify(point[key])) ?? 0);
  const sorted = rows.toSorted((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left.map((value, index) => value - (right[index] ?? 0)).find((step) => step !== 0) ?? 0;
  });
  return [...new Set(sorted.map(({ point }) => pointKey(point)))];
}
