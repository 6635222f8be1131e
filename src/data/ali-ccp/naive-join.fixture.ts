import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const lists = ['109_14', '110_14', '127_14', '150_14', '210', '508', '509', '702', '853'];
const singles = ['101', '121', '122', '124', '125', '126', '127', '128', '129', '205', '206', '207', '216', '301'];

interface Sample {
  readonly click: number;
  readonly conversion: number;
  readonly entries: readonly (readonly [field: string, id: number, value: number])[];
}
export interface JoinedSample extends Pick<Sample, 'click' | 'conversion'> {
  /** By column. An id is counted from the smallest of its field, 0: none. */
  readonly columns: Readonly<Record<string, unknown>>;
}

/** The join, as it would be written where memory is no matter: everything is split at its separators. */
export function naiveJoin(folder: string): { readonly train: JoinedSample[]; readonly test: JoinedSample[] } {
  const [train, test] = [readSamples(folder, 'train'), readSamples(folder, 'test')];
  const least = new Map<string, number>();
  for (const { entries } of [...train, ...test])
    for (const [field, id] of entries) least.set(field, Math.min(id, least.get(field) ?? id));
  const joined = ({ click, conversion, entries }: Sample): JoinedSample => {
    const of = (field: string) =>
      entries
        .filter(([name]) => name === field)
        .map(([, id, value]) => [1 + id - (least.get(field) ?? 0), Math.fround(value)] as const);
    const heaviest = (field: string) => of(field).toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
    const sum = (field: string) => Math.fround(of(field).reduce((total, [, value]) => total + value, 0));
    const columns = Object.fromEntries([
      ...singles.map((field) => [field, heaviest(field)] as const),
      ...['508', '509', '702', '853'].map((field) => [`${field}-value`, sum(field)] as const),
      ...lists.map((field) => [field, of(field)] as const),
    ]);
    return { click, conversion, columns };
  };
  return { train: train.map(joined), test: test.map(joined) };
}

function readSamples(folder: string, split: string): Sample[] {
  const readCells = (name: string) =>
    readFileSync(join(folder, `${name}_${split}.csv`), 'latin1')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
  const common = new Map(readCells('common_features').map(([key = '', , list = '']) => [key, list]));
  return readCells('sample_skeleton').flatMap(([, click, conversion, key = '', , own = '']) => {
    if (click === '0' && conversion === '1') return [];
    const entries = [common.get(key) ?? 'missing', own].flatMap((list) =>
      list.split('\u0001').map((entry) => {
        const [field = '', id, value] = entry.replace('\u0003', '\u0002').split('\u0002');
        return [field, Number(id), Number(value)] as const;
      }),
    );
    return { click: Number(click), conversion: Number(conversion), entries };
  });
}
