// What the runs of a row record with `diagnostics: true`, at their best epochs.
import type { ComparisonRow } from '../../src/comparison/comparison.js';
import { mean, standardDeviation } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Result } from '../../src/training/result.js';
import type { Table } from './claim.js';
import { resultsOf } from './differences.js';

type Diagnosed = NonNullable<Result['diagnostics']>;

/** By seed. */
export function diagnosed(table: Table, row: ComparisonRow): readonly Diagnosed[] {
  return resultsOf(table, row).map(({ diagnostics }) => must(diagnostics, `diagnostics of ${row.label}`));
}

/**
 * The rise of tasks' losses in % where a gate of the last level leaves an expert out: of a task's own, and of a shared
 * one. Means over tasks and experts; NaN without such an expert.
 */
function losses(run: Diagnosed): { readonly own: number; readonly shared: number } {
  const { tasks, experts } = must(run.withoutExpert, 'losses without an expert');
  const last = Math.max(...experts.map(({ level }) => level));
  const rises = (of: (task: string) => string) =>
    mean(
      experts
        .filter(({ level }) => level === last)
        .flatMap(({ expert, tasks: without }) =>
          Object.keys(tasks)
            .filter((task) => expert.startsWith(`${of(task)}/`))
            .map((task) => 100 * ((without[task] ?? 0) / (tasks[task] ?? 0) - 1)),
        ),
    );
  return { own: rises((task) => task), shared: rises(() => 'shared') };
}

/** Cells of a table: the two rises of losses without an expert, and the number of dead experts. */
export function expertCells(runs: readonly Diagnosed[], digits: number): readonly string[] {
  const rises = runs.map(losses);
  const dead = runs.reduce((sum, { deadExperts }) => sum + deadExperts.length, 0);
  const of = (kind: 'own' | 'shared') => rises.map((rise) => rise[kind]);
  return [spread(of('own'), digits), spread(of('shared'), digits), String(dead)];
}

export function spread(values: readonly number[], digits: number): string {
  const text = `${mean(values).toFixed(digits)} ± ${standardDeviation(values).toFixed(digits)}`;
  return values.some(Number.isNaN) ? '–' : text.replace('-', '−');
}
