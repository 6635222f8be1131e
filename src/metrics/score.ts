import type { Task } from '../data/dataset.js';
import { metrics } from './catalogue.js';
import type { TaskMetrics } from './evaluate.js';

/** What epochs of a task are selected by: AUC, or 1 - nmse. Higher is better; null if it is not defined. */
export function selectionScore(task: { readonly type: string }, values: TaskMetrics): number | null {
  for (const { type, name, score } of metrics.all) {
    if (type === task.type && score) return numberOrNull(values, name, score);
  }
  throw new Error(`no metric scores ${task.type} tasks`);
}

/** The metric that a monitor `metric:<name>` selects epochs by; undefined for another monitor. */
export function selectingMetric(monitor: string):
  | {
      readonly type: string;
      /** Of a task: higher is better. Null if it is not defined. */
      readonly score: typeof selectionScore;
      /** The score that nothing exceeds. */
      readonly best: number;
    }
  | undefined {
  if (!monitor.startsWith('metric:')) return undefined;
  const { name, type, better } = metrics.get(monitor.slice('metric:'.length));
  const [sign, best] = better === 'higher' ? [1, 1] : [-1, 0];
  return { type, score: (_task, values) => numberOrNull(values, name, (value) => sign * value), best };
}

/** The mean loss of a task as training sees it (logistic loss, or squared error in its units); null if it is not defined. */
export function taskLoss(task: Task, values: TaskMetrics): number | null {
  for (const { type, name, loss } of metrics.all) {
    if (type === task.type && loss) return numberOrNull(values, name, (value) => loss(value, task));
  }
  throw new Error(`no metric is the loss of ${task.type} tasks`);
}

function numberOrNull(values: TaskMetrics, name: string, map: (value: number) => number): number | null {
  const value = values[name];
  return typeof value === 'number' ? map(value) : null;
}
