import { metrics } from '../metrics/catalogue.js';
import { byPoint } from './axis-point.js';
import { type Compared, compareModel, type PointTable } from './compare-model.js';
import { type Entry, inOrder, type Pair } from './compared-runs.js';
import type { Comparison, ComparisonRow, TaskGain } from './comparison.js';
import { notesOn } from './comparison-notes.js';
import { errorsOf } from './errors-of-gains.js';
import { type GainError, mean } from './statistics/gain-error.js';
import { testGain } from './statistics/gain-test.js';
import { holm } from './statistics/holm.js';
import { fewestPairs, rowVerdict, taskVerdict } from './statistics/verdict.js';
import { differencesOf, type JudgedTask, judge, levelOf, relativeGain } from './task-gain.js';

export interface SummaryOptions {
  readonly name: string;
  /** Label of the model that gains are measured against. */
  readonly baseline: string;
  /** In the order of every table. */
  readonly tasks: readonly { readonly name: string; readonly type: string }[];
  /** By task, where it is not the usual one of the task's type. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly seeds: readonly number[];
  readonly axes: Comparison['axes'];
  readonly uncertainty: Comparison['uncertainty'];
  readonly timing: Comparison['timing'];
}

/**
 * Runs -> comparison.json: gains over the baseline, their errors and tests, verdicts and notes (docs/statistics.md). Rows are in the
 * order of the entries, point after point. The same runs give the same bits, whatever order they finished in.
 * @throws DataError if runs that make a pair were not made on the same data.
 */
export async function summarize(entries: readonly Entry[], options: SummaryOptions): Promise<Comparison> {
  const { name, baseline, seeds, axes, uncertainty, timing } = options;
  const tasks = options.tasks.map((task) => judge(task, options.metrics));
  const points = byPoint(
    entries.map((entry) => ({ ...entry, runs: inOrder(entry.runs, seeds) })),
    ({ point }) => point,
  );
  const tables: PointTable[] = [];
  for (const point of points) {
    const reference = point.find(({ label }) => label === baseline);
    const compared = point.map((entry) => compareModel(entry, reference, tasks));
    const errors = await errorsOf(compared, tasks, uncertainty);
    tables.push({ compared, rows: tableOf(compared, errors, tasks, uncertainty) });
  }
  return {
    schema: 1,
    name,
    baseline,
    tasks: tasks.map((task) => task.name),
    seeds,
    axes,
    uncertainty,
    rows: tables.flatMap(({ rows }) => rows),
    notes: notesOn(tables, tasks, options),
    timing,
  };
}

/** One point of the axes: the family of Holm's correction is all of its models and tasks. */
function tableOf(
  compared: readonly Compared[],
  errors: readonly (readonly (GainError | null)[])[],
  tasks: readonly JudgedTask[],
  uncertainty: Comparison['uncertainty'],
): readonly ComparisonRow[] {
  const cells = compared.map(({ differences }, row) =>
    differences.map(({ values }, index) => {
      const gain = values.length > 0 ? mean(values) : null;
      const error = errors[row]?.[index] ?? null;
      return { gain, pairs: values.length, ...testGain(gain ?? 0, gain === null ? null : error) };
    }),
  );
  const adjusted = holm(cells.flat().map(({ p }) => p));
  return compared.map(({ entry, baseline, pairs, differences }, row): ComparisonRow => {
    const gains = tasks.map((task, index): [string, TaskGain] => {
      const [cell, difference] = [cells[row]?.[index], differences[index]];
      if (!cell || !difference) throw new Error('A row has a cell for every task.');
      const { gain, pairs: count, se, interval, p, detectable } = cell;
      const pHolm = adjusted[row * tasks.length + index] ?? null;
      const enough = count >= fewestPairs || uncertainty === 'rows';
      const relative = gain === null ? null : relativeGain(gain, difference.baseline ?? 0, task.metric);
      const verdict = enough ? taskVerdict(gain, pHolm) : null;
      const test = { gain, relativeGain: relative, se, interval, p, pHolm, verdict, detectable };
      return [task.name, { metric: task.metric.name, ...levelOf(entry, task), ...test }];
    });
    return {
      label: entry.label,
      type: entry.type,
      axis: entry.point,
      parameters: entry.runs.find(({ run }) => run)?.run?.result.parameters ?? null,
      runs: entry.runs.map(({ seed, path, status }) => ({ seed, path, status })),
      tasks: Object.fromEntries(gains),
      ...overTasks(pairs, tasks),
      verdict: entry === baseline ? null : rowVerdict(gains.map(([, { verdict }]) => verdict)),
    };
  });
}

/**
 * Mean and worst gain over the tasks, in the metric that epochs of their type are selected by, which has one scale for all tasks. Null
 * where the tasks are of two types or a gain is not there.
 */
function overTasks(
  pairs: readonly Pair[],
  tasks: readonly JudgedTask[],
): Pick<ComparisonRow, 'meanGain' | 'worstGain'> {
  const types = new Set(tasks.map(({ metric }) => metric.type));
  const metric = metrics.all.find(({ type, score }) => types.has(type) && score);
  const gains = metric
    ? tasks.flatMap(({ name }) => {
        const { values } = differencesOf(pairs, { name, metric });
        return values.length > 0 ? mean(values) : [];
      })
    : [];
  if (types.size !== 1 || gains.length < tasks.length) return { meanGain: null, worstGain: null };
  return { meanGain: mean(gains), worstGain: Math.min(...gains) };
}
