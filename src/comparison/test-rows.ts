import type { ComparisonConfig } from '../config/comparison.js';
import type { ClassCounts } from '../metrics/metric.js';
import { normalQuantile } from '../metrics/row-influence.js';
import { wholeNumber } from '../support/text.js';
import { type JudgedTask, judge } from './gains/judged-task.js';
import type { ReadShape } from './plan/data-shapes.js';

/**
 * Before training: the tasks whose test rows hardly show the margin, whatever the number of seeds. Groups of rows, and
 * test rows that each seed draws anew, have other errors.
 */
export async function notesOnTestRows({
  config,
  executor,
}: {
  readonly config: ComparisonConfig;
  readonly executor: { readonly readShape: ReadShape };
}): Promise<readonly string[]> {
  if (config.uncertainty === 'seeds') return [];
  const notes: string[] = [];
  for (const point of config.points) {
    const experiment = config.experiment(config.baseline, point, config.seeds[0] ?? 0);
    const { seed, splitSeed } = experiment.dataset;
    const judged = experiment.tasks.map((task) => judge(task, config.metrics));
    if (seed === 'run' || splitSeed === 'run' || !judged.some(({ metric }) => metric.errorBeforeTraining)) continue;
    const shape = await executor.readShape(experiment).catch(() => undefined); // the runs say what is wrong with their data
    if (!shape || shape.grouped) continue;
    notes.push(...judged.flatMap((task, index) => onTestRows(task, shape.testClasses[index], config)));
  }
  return [...new Set(notes)]; // points may have the same test rows
}

function onTestRows(
  { name, metric }: JudgedTask,
  rows: ClassCounts | null | undefined,
  { margins }: ComparisonConfig,
): readonly string[] {
  const { errorBeforeTraining } = metric;
  const margin = metric.name in margins ? margins[metric.name] : metric.margin;
  if (!errorBeforeTraining || !rows || !margin || 'percent' in margin) return [];
  const { positives, negatives } = rows;
  if (positives * negatives === 0) return []; // the metric has no value
  const smallest = (value: number) => Number((normalQuantile * errorBeforeTraining(rows, value)).toPrecision(2));
  if (smallest(0.8) <= margin.absolute) return [];
  return [
    `Task '${name}': ${wholeNumber(positives + negatives)} test rows, ${wholeNumber(positives)} of them positive, hardly show a gain of ${margin.absolute} ${metric.name} (the margin), whatever the number of seeds. The smallest that they show is about ${smallest(0.8)} at an ${metric.name} of 0.8, ${smallest(0.95)} at 0.95 (docs/search.md).`,
  ];
}
