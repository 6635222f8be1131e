import { copyArray } from '../../engine/signature.js';
import type { Parameters } from '../../models/model.js';
import type { HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Selected } from './progress.js';
import type { Selection } from './selection.js';

/** Parameters by epoch: of epochs that are best for a task, or for all. */
export type KeptParameters = ReadonlyMap<number, HostArrays>;

/** Parameters, and the tasks that they serve: judged and predicted with them. */
export interface ServedSet {
  readonly tasks: readonly string[];
  /** Undefined if networks of different epochs are together. */
  readonly epoch: number | undefined;
  readonly parameters: HostArrays;
}

interface Keeping {
  readonly selection: Pick<Selection, 'keep' | 'units'>;
  readonly selected: Selected;
  readonly parameters: Parameters;
  /** Names of those that training goes on to change. */
  readonly inPlace?: ReadonlySet<string> | undefined;
}

/** By task: the epoch whose parameters serve it. */
export function servedEpochs(selection: Keeping['selection'], { tasks, choice }: Selected): readonly number[] {
  const isOne = selection.keep === 'one' && isJoint(selection);
  return tasks.map(({ bestEpoch }) => (isOne ? choice.bestEpoch : bestEpoch));
}

/**
 * What is kept after one more epoch: all parameters of the epoch that is chosen for all tasks, and of a task's own
 * epoch those that the task uses.
 */
export function keptAfter(kept: KeptParameters, epoch: number, values: HostArrays, keeping: Keeping): KeptParameters {
  const { choice } = keeping.selected;
  const epochs = new Set([...servedEpochs(keeping.selection, keeping.selected), choice.bestEpoch]);
  return new Map(
    [...epochs].map((needed) => {
      const all = needed === epoch ? lasting(values, keeping) : must(kept.get(needed), `parameters of epoch ${needed}`);
      return [needed, needed === choice.bestEpoch ? all : usedAt(needed, all, keeping)];
    }),
  );
}

/** Copies what would change, unless the next epoch replaces it. */
function lasting(values: HostArrays, { selection, inPlace }: Keeping): HostArrays {
  if (!inPlace?.size || selection.keep === 'last') return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, inPlace.has(name) ? copyArray(value) : value]),
  );
}

/**
 * With what the tasks are served: a joint model with a set for each epoch that serves a task, networks of one task in
 * one set, each with its own best.
 */
export function served(kept: KeptParameters, tasks: readonly string[], keeping: Keeping): readonly ServedSet[] {
  const epochs = servedEpochs(keeping.selection, keeping.selected);
  const distinct = [...new Set(epochs)];
  if (isJoint(keeping.selection))
    return distinct.map((epoch) => ({
      tasks: tasks.filter((_, task) => epochs[task] === epoch),
      epoch,
      parameters: must(kept.get(epoch), `parameters of epoch ${epoch}`),
    }));
  const parameters = Object.assign({}, ...[...kept].map(([epoch, values]) => usedAt(epoch, values, keeping)));
  return [{ tasks, epoch: distinct.length === 1 ? distinct[0] : undefined, parameters }];
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
