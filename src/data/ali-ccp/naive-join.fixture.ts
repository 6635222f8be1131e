import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Source, SplitName } from '../dataset.js';

/** A row in plain words: by column, the id (null: none) or the number; of lists, the entries' ids and values. */
export type PlainRow = Readonly<Record<string, number | null | readonly (readonly [id: number, value: number])[]>>;

const lists = ['109_14', '110_14', '127_14', '150_14', '210', '508', '509', '702', '853'];
const singles = ['101', '121', '122', '124', '125', '126', '127', '128', '129', '205', '206', '207', '216', '301'];

export interface JoinedSample {
  readonly sample: number;
  readonly click: number;
  readonly conversion: number;
  readonly columns: PlainRow;
  /** Fields and ids of all entries. */
  readonly every: readonly (readonly [field: string, id: number])[];
}

/** The join, as it would be written where memory is no matter: everything is split at its separators. */
export function naiveJoin(folder: string, split: 'train' | 'test'): JoinedSample[] {
  const linesOf = (name: string) =>
    readFileSync(join(folder, `${name}_${split}.csv`), 'latin1')
      .trimEnd()
      .split('\n');
  const common = new Map<string, string>();
  for (const line of linesOf('common_features')) {
    const [key = '', , list = ''] = line.split(',');
    common.set(key, list);
  }
  return linesOf('sample_skeleton').flatMap((line) => {
    const [sample = '', click = '', conversion = '', key = '', , own = ''] = line.split(',');
    if (click === '0' && conversion === '1') return [];
    const entries = [common.get(key) ?? 'missing', own].flatMap((list) =>
      list.split('\u0001').map((entry) => entry.replace('\u0003', '\u0002').split('\u0002')),
    );
    const of = (field: string) =>
      entries
        .filter(([name]) => name === field)
        .map(([, id, value]) => [Number(id), Math.fround(Number(value))] as const);
    const heaviest = (field: string) => of(field).toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? null;
    const sum = (field: string) => Math.fround(of(field).reduce((total, [, value]) => total + value, 0));
    return {
      sample: Number(sample),
      click: Number(click),
      conversion: Number(conversion),
      every: entries.flatMap(([field = '', id]) => (id === undefined ? [] : [[field, Number(id)] as const])),
      columns: Object.fromEntries([
        ...singles.map((field) => [field, heaviest(field)] as const),
        ...['508', '509', '702', '853'].map((field) => [`${field}-value`, sum(field)] as const),
        ...lists.map((field) => [field, of(field)] as const),
      ]),
    };
  });
}

/** The smallest id of each field. */
export function leastIds(joined: Readonly<Record<'train' | 'test', readonly JoinedSample[]>>): Map<string, number> {
  const least = new Map<string, number>();
  const add = (field: string, id: number) => least.set(field, Math.min(id, least.get(field) ?? id));
  for (const { every } of [...joined.train, ...joined.test]) for (const [field, id] of every) add(field, id);
  return least;
}

/**
 * All rows of a split.
 * @param idOf the id of a field's index, from the prepared tables.
 */
export async function plainRows(
  source: Source,
  name: SplitName,
  idOf: (field: string, index: number) => number | null,
): Promise<{ readonly rows: PlainRow[]; readonly labels: number[][]; readonly masks: number[][] }> {
  const split = source.splits[name];
  const [rows, labels, masks]: [PlainRow[], number[][], number[][]] = [[], [], []];
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const block = await split.read(b);
    for (let r = 0; r < block.rows; r++) {
      const row: Record<string, PlainRow[string]> = {};
      for (const [c, column] of source.columns.entries()) {
        const values = block.columns[c] ?? new Int32Array();
        if ('offsets' in values) {
          const [begin = 0, end = 0] = [values.offsets[r], values.offsets[r + 1]];
          row[column.name] = Array.from({ length: end - begin }, (_, i) => {
            return [idOf(column.name, values.indexes[begin + i] ?? 0) ?? -1, values.weights?.[begin + i] ?? 1] as const;
          });
        } else row[column.name] = column.kind === 'numeric' ? (values[r] ?? 0) : idOf(column.name, values[r] ?? 0);
      }
      rows.push(row);
      labels.push(block.labels.map((values) => values[r] ?? Number.NaN));
      masks.push(block.labels.map((values) => Number(!Number.isNaN(values[r]))));
    }
  }
  return { rows, labels, masks };
}
