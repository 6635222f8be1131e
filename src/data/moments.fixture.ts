import type { Source, SplitName } from './dataset.js';
import { readRows } from './table/table-loader.fixture.js';

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const moment = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    mean(x.map((value, i) => (value - mx) * ((y[i] ?? 0) - my)));
  return moment(a, ma, b, mb) / Math.sqrt(moment(a, ma, a, ma) * moment(b, mb, b, mb));
}

/** A split's values, row by row: of columns and of labels by name, and all of them. */
export async function readColumns(source: Source, split: SplitName = 'train') {
  const rows = await readRows(source, split);
  const column = (name: string) => rows.map((row) => Number(row[name]));
  const byName = new Map(source.columns.map(({ name }) => [name, column(name)]));
  const byTask = new Map(source.tasks.map(({ name }) => [name, column(`y:${name}`)]));
  return {
    columns: [...byName.values()],
    labels: [...byTask.values()],
    column: (name: string) => byName.get(name) ?? [],
    /** NaN: outside its sample space. */
    label: (task: string) => byTask.get(task) ?? [],
  };
}
