import { evaluateTask } from '../../metrics/evaluate.js';
import { errorOverRows, numberedGroups } from '../../metrics/row-influence.js';
import { meanLogits } from '../../serving/mean-logits.js';
import { must } from '../../support/must.js';
import type { TaskPredictions } from '../../training/predictions.js';
import type { Together } from '../comparison.js';
import type { ReadRun } from './influences.js';
import type { JudgedTask } from './judged-task.js';
import type { MeasuredRun } from './measured-model.js';

/**
 * What the runs of a model predict together on the test rows, by task. Null: there are fewer than two, or they were
 * tested on different rows or made elsewhere, or predictions were not kept.
 */
export async function runsTogether(
  runs: readonly MeasuredRun[],
  tasks: readonly JudgedTask[],
): Promise<readonly (Together | null)[]> {
  const isOneTestSet = new Set(runs.map(({ testSet }) => testSet)).size === 1;
  if (runs.length < 2 || !isOneTestSet) return tasks.map(() => null);
  const read = new Map<ReadRun, Promise<readonly TaskPredictions[] | null>>(); // tasks often have one run
  const predictionsOf = (run: ReadRun) => {
    const predictions = read.get(run) ?? run.predictions();
    read.set(run, predictions);
    return predictions;
  };
  const together: (Together | null)[] = [];
  for (const [index, task] of tasks.entries()) {
    const members: TaskPredictions[] = [];
    for (const { run } of runs.flatMap((ofSeed) => ofSeed.parts(index))) {
      const predicted = (await predictionsOf(run))?.find((one) => one.task.name === task.name);
      if (predicted) members.push(predicted);
    }
    together.push(members.length === runs.length ? evaluated(members, task) : null);
  }
  return together;
}

function evaluated(members: readonly TaskPredictions[], { metric }: JudgedTask): Together | null {
  const { task, scores: first } = must(members[0], 'a run');
  const logits = meanLogits(
    task,
    members.map(({ scores }) => scores.logits),
  );
  const scores = { ...first, logits };
  const value = evaluateTask(task, scores)[metric.name];
  if (typeof value !== 'number') return null;
  const influence = metric.influence?.(task, scores);
  return { value, se: influence ? errorOverRows(influence, numberedGroups(scores.groups), scores.mask) : null };
}
