import { countsValues, type InputsConfig, manyIds, mostIds } from '../../config/parts.js';
import type { Dataset } from '../../data/dataset.js';
import { wholeNumber } from '../../support/whole-number.js';

type Columns = Pick<Dataset, 'categorical' | 'lists' | 'fitted'>;

/**
 * Notes on large columns before training.
 * @param bytes of the tables on the host, with their slots
 */
export function largeColumnNotes(dataset: Columns, inputs: InputsConfig, bytes: () => number): readonly string[] {
  const all = [...dataset.categorical, ...dataset.lists].toSorted((a, b) => b.cardinality - a.cardinality);
  const onHost = all.filter(({ cardinality }) => cardinality > mostIds(inputs));
  if (onHost.length > 0) {
    const counts = onHost.map(
      ({ name, cardinality }) => `${name} ${wholeNumber(cardinality)}${collisions(dataset, inputs, name)}`,
    );
    return [
      `Tables on the host (inputs.large=${inputs.large}), by ids: ${counts.join(', ')}. They take ${size(bytes())} with the optimizer's slots; ` +
        'every kept best epoch adds at most one copy of the tables without slots.',
    ];
  }
  const [longest, ...others] = all.filter(({ cardinality }) => cardinality > manyIds);
  if (!longest || inputs.large !== 'none') return [];
  const more =
    others.length === 0
      ? ''
      : `, and ${others.length} more column${others.length > 1 ? 's' : ''} over ${wholeNumber(manyIds)}`;
  return [
    `Column '${longest.name}' has ${wholeNumber(longest.cardinality)} ids${more}: every step updates every row of its table. ` +
      'inputs.large=auto updates only the rows of the batch, which is faster, and for Adam another update. It goes without l2Embeddings (docs/engine.md).',
  ];
}

/**
 * A note on how many ids of a hashed column share a bucket, by linear counting (Whang et al. 1990). With n of m buckets
 * in use there are about k = -m ln(1 - n/m) ids; k e^(-k/m) of these are alone. There is no note with `minCount`, which
 * drops used buckets.
 */
function collisions({ fitted }: Columns, inputs: InputsConfig, name: string): string {
  const found = fitted.find(({ column }) => column.name === name);
  const buckets = found?.column.cells?.hash;
  if (buckets === undefined || countsValues(inputs) || !found || !('cardinality' in found.by)) return '';
  const used = found.by.cardinality - 1;
  if (used >= buckets) return ` (all of ${wholeNumber(buckets)} hash buckets in use: most ids share one)`;
  const ids = -buckets * Math.log(1 - used / buckets);
  const sharing = ids - ids * Math.exp(-ids / buckets);
  return ` (of ${wholeNumber(buckets)} hash buckets: of about ${wholeNumber(ids)} ids, ${wholeNumber(sharing)} share one)`;
}

function size(bytes: number): string {
  const mebibytes = Math.ceil(bytes / 2 ** 20);
  return `${wholeNumber(mebibytes)} MiB`;
}
