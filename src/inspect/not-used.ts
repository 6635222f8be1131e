import type { Path } from '../config/document.js';
import type { Experiment } from '../config/experiment.js';
import { loaders } from '../data/catalogue.js';

/** Columns of the data that the config excludes. */
export interface NotUsed {
  /** Columns that the config names, with the comment on each. */
  readonly columns: readonly { readonly name: string; readonly reason: string | null }[];
  /** Number of further columns that a rule for all others excludes. */
  readonly others: number;
}

/** @param commentAt the comment on a value of the config */
export async function notUsed(
  { dataset }: Pick<Experiment, 'dataset'>,
  commentAt: (path: Path) => string | undefined,
): Promise<NotUsed> {
  const leftOut = (await loaders.get(dataset.loader).leftOut?.(dataset)) ?? [];
  const columns = leftOut.flatMap(({ name, key }) =>
    key === undefined ? [] : [{ name, reason: commentAt(['dataset', ...key]) ?? null }],
  );
  return { columns, others: leftOut.length - columns.length };
}
