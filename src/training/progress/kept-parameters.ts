import type { Parameters } from '../../models/model.js';
import type { HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Selected } from './progress.js';
import type { Selection } from './selection.js';

/** Parameters by epoch: of epochs that are best for a task, or for all. */
export type KeptParameters = ReadonlyMap<number, HostArrays>;

interface Keeping {
  readonly selection: Pick<Selection, 'units'>;
  readonly selected: Selected;
  readonly parameters: Parameters;
}

/**
 * What is kept after one more epoch: all parameters of the epoch that is chosen for all tasks, and of a task's best
 * epoch those that the task uses.
 */
export function keptAfter(kept: KeptParameters, epoch: number, values: HostArrays, keeping: Keeping): KeptParameters {
  const { tasks, choice } = keeping.selected;
  const epochs = new Set([...tasks, choice].map(({ bestEpoch }) => bestEpoch));
  return new Map(
    [...epochs].map((needed) => {
      const all = needed === epoch ? values : must(kept.get(needed), `parameters of epoch ${needed}`);
      return [needed, needed === choice.bestEpoch ? all : usedAt(needed, all, keeping)];
    }),
  );
}

/** With what the model is served: a joint model with one epoch's parameters, networks of one task with their own best. */
export function served(kept: KeptParameters, keeping: Keeping): HostArrays {
  const { selection, selected } = keeping;
  if (isJoint(selection)) return kept.get(selected.choice.bestEpoch) ?? {};
  return Object.assign({}, ...[...kept].map(([epoch, values]) => usedAt(epoch, values, keeping)));
}

/** Whether the last epoch changed what is served. */
export function isServed(epoch: number, { selection, selected }: Omit<Keeping, 'parameters'>): boolean {
  const best = isJoint(selection) ? [selected.choice] : selected.tasks;
  return best.some(({ bestEpoch }) => bestEpoch === epoch);
}

export function isJoint({ units }: Pick<Selection, 'units'>): boolean {
  return units.some(({ owner }) => owner === undefined);
}

/** The parameters that are used by tasks whose best epoch it is. */
function usedAt(epoch: number, values: HostArrays, { selection, selected, parameters }: Keeping): HostArrays {
  if (isJoint(selection)) return values;
  const owners = selection.units.flatMap(({ owner, watched: [task = 0] }) => {
    return selected.tasks[task]?.bestEpoch === epoch ? [owner] : [];
  });
  return Object.fromEntries(Object.entries(values).filter(([name]) => owners.includes(parameters[name]?.task)));
}
