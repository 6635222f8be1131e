import type { SourceTask, SplitName } from '../data/dataset.js';
import { queryNumbers } from '../data/store/database.js';
import type { LabelSummary, TaskSummary } from './inspection.js';
import { type SeenRows, splitSql } from './seen-rows.js';

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
