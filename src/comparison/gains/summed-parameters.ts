import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import { type EvaluatedRun, isTrained } from '../../training/finished-run.js';
import type { MeasuredRun } from './measured-model.js';

/**
 * The counts of the distinct networks that serve tasks, added up: a joint model has one for each epoch that serves a task.
 * @param taken the tasks, each with the run that serves it
 */
export function summedParameters(
  taken: readonly { readonly run: EvaluatedRun; readonly name: string }[],
): NonNullable<MeasuredRun['parameters']> {
  const networks = taken.map(({ run, name }) => {
    const { parameters, parametersByTask, bestEpoch } = must(isTrained(run) ? run.result : undefined, 'a trained run');
    const network = [run.path, parametersByTask ? name : bestEpoch[name]];
    return { network, count: parametersByTask?.[name] ?? parameters };
  });
  const counts = groupedBy(networks, ({ network }) => network).map(([{ count }]) => count);
  const sum = (of: 'embedding' | 'network') => counts.reduce((total, count) => total + count[of], 0);
  return { embedding: sum('embedding'), network: sum('network') };
}
