import type { Source, SplitName } from './dataset.js';
import { readRows } from './table/table-loader.fixture.js';

/** Mean of a power. */
export const moment = (values: readonly number[], power: number) =>
  values.reduce((sum, value) => sum + value ** power, 0) / values.length;
export const mean = (values: readonly number[]) => moment(values, 1);

export const dot = (a: ArrayLike<number> = [], b: ArrayLike<number> = []) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);

export function correlation(a: readonly number[], b: readonly number[]): number {
  const centred = (values: readonly number[], middle = mean(values)) => values.map((value) => value - middle);
  const [x, y] = [centred(a), centred(b)];
  return mean(x.map((value, i) => value * (y[i] ?? 0))) / Math.sqrt(moment(x, 2) * moment(y, 2));
}

/** A split's values, row by row: of columns and of labels by name, and all of them. Texts are the numbers in them. */
export async function readColumns(source: Source, split: SplitName = 'train') {
  const rows = await readRows(source, split);
  const known = new Map<string, readonly number[]>();
  const column = (name: string) => {
    const values = known.get(name) ?? rows.map((row) => Number(String(row[name]).replace(/^c/, '')));
    known.set(name, values);
    return values;
  };
  const label = (task: string) => column(`y:${task}`); // NaN: outside its sample space
  const columns = source.columns.map(({ name }) => column(name));
  return { columns, labels: source.tasks.map(({ name }) => label(name)), column, label };
}
