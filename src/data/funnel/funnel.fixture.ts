import { type Source, type SplitName, singleOf } from '../dataset.js';
import { funnel, funnelOptions } from './funnel.js';

export const taskOrder = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'];
export const parse = (settings: object = {}) =>
  funnelOptions.parse({ loader: 'funnel', rows: { train: 3000, validation: 700, test: 100 }, ...settings });
export const open = (settings: object = {}, seed = 1) => funnel.open(parse(settings), { seed, note: () => undefined });

/** By name: values of columns, labels and masks, row by row. */
export async function contents(source: Source, name: SplitName = 'train') {
  const split = source.splits[name];
  const rows: { columns: number[][]; labels: number[][]; masks: number[][] } = {
    columns: source.columns.map(() => []),
    labels: source.tasks.map(() => []),
    masks: source.tasks.map(() => []),
  };
  for (let b = 0; b * split.blockRows < split.rows; b++) {
    const block = await split.read(b);
    for (const [c, values] of block.columns.entries()) {
      if (!('begins' in values)) rows.columns[c]?.push(...singleOf(values));
    }
    for (const [t, values] of block.labels.entries()) rows.labels[t]?.push(...values);
    for (const [t, values] of block.labels.entries())
      rows.masks[t]?.push(...Array.from(values, (label) => Number(!Number.isNaN(label))));
  }
  const column = (wanted: string) => rows.columns[source.columns.findIndex((found) => found.name === wanted)] ?? [];
  const label = (task: string) => rows.labels[taskOrder.indexOf(task)] ?? [];
  const mask = (task: string) => rows.masks[taskOrder.indexOf(task)] ?? [];
  return { column, label, mask };
}
