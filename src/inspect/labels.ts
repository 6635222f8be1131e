import type { SourceTask, SplitName } from '../data/dataset.js';
import { queryNumbers } from '../data/store/database.js';
import type { LabelPair, LabelSummary, TaskSummary } from './inspection.js';
import { double, type SeenRows, splitSql } from './seen-rows.js';

export async function taskSummaries(seen: SeenRows, tasks: readonly SourceTask[]): Promise<readonly TaskSummary[]> {
  const summaries: TaskSummary[] = [];
  for (const [t, { name, type }] of tasks.entries()) {
    const of = (split: SplitName) => labelSummary(seen, `l${t}`, split, type === 'binary');
    const splits = { train: await of('train'), validation: await of('validation'), test: await of('test') };
    summaries.push({ name, type, splits });
  }
  return summaries;
}

async function labelSummary(
  { database }: SeenRows,
  label: string,
  split: SplitName,
  isBinary: boolean,
): Promise<LabelSummary> {
  const [rows = 0, ones = 0, mean = 0, deviation = 0, least = 0, most = 0] = await queryNumbers(
    database,
    [
      `count(${label})`,
      `count(*) FILTER (${label} = 1)`,
      `avg(${label})`,
      `stddev_pop(${label}) FILTER (isfinite(${label}))`, // it fails on others, which training refuses
      `min(${label})`,
      `max(${label})`,
    ],
    `seen WHERE ${splitSql[split]}`,
  );
  return {
    rows,
    positives: isBinary ? ones : null,
    mean: rows > 0 ? mean : null,
    deviation: rows > 0 ? deviation : null,
    range: rows > 0 ? [least, most] : null,
  };
}

/** Every pair of tasks whose labels are numbers: indexes of classes are correlated with nothing. */
export async function labelPairs({ database }: SeenRows, tasks: readonly TaskSummary[]): Promise<readonly LabelPair[]> {
  const numbers = tasks
    .map((task, t) => ({ name: task.name, label: `l${t}`, type: task.type, mean: task.splits.train.mean }))
    .filter(({ type }) => type !== 'multiclass');
  const pairs = numbers.flatMap((a, i) => numbers.slice(i + 1).map((b) => ({ a, b })));
  if (pairs.length === 0) return [];
  const counts = await queryNumbers(
    database,
    pairs.flatMap(({ a, b }) => [
      `count(${a.label} + ${b.label})`,
      `count(*) FILTER (${a.label} = ${b.label})`,
      `count(*) FILTER (${a.label} + ${b.label} = 1)`,
      `count(${b.label}) FILTER (${a.label} > ${double(a.mean)})`,
      `corr(${a.label}, ${b.label}) FILTER (isfinite(${a.label}) AND isfinite(${b.label}))`,
    ]),
    `seen WHERE ${splitSql.train}`,
  );
  return pairs.map(({ a, b }, p): LabelPair => {
    const [rows = 0, same = 0, opposite = 0, above = 0, pearson = Number.NaN] = counts.slice(5 * p, 5 * p + 5);
    const varies = Math.min(above, rows - above) >= 5;
    return {
      tasks: [a.name, b.name],
      rows,
      identical: varies && same === rows,
      opposite: varies && opposite === rows,
      pearson: Number.isNaN(pearson) ? null : pearson,
    };
  });
}
