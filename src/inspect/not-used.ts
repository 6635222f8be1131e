import type { Path } from '../config/document.js';
import type { Experiment } from '../config/experiment.js';
import { loaders } from '../data/catalogue.js';

/** Columns of the data that the config leaves out. */
export interface NotUsed {
  /** Those that it names, with the comment beside each. */
  readonly columns: readonly { readonly name: string; readonly reason: string | null }[];
  /** How many more a rule for all others leaves out. */
  readonly others: number;
}

/** @param commentAt The comment beside a value of the config. */
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
