import type { AxisPoint } from '../config/comparison.js';
import type { TaskConfig } from '../config/parts.js';
import { metrics } from '../metrics/catalogue.js';
import type { EvaluatedRun } from '../training/finished-run.js';
import type { Comparison, RunReference } from './comparison.js';

export async function summarize(
  entries: readonly {
    label: string;
    type: string;
    point: AxisPoint;
    runs: readonly (RunReference & { run?: EvaluatedRun })[];
  }[],
  options: Omit<Comparison, 'schema' | 'rows' | 'notes' | 'tasks'> & {
    tasks: readonly TaskConfig[];
    metrics: Readonly<Record<string, string>>;
  },
): Promise<Comparison> {
  const { tasks, metrics: chosen, name, baseline, seeds, axes, uncertainty, timing } = options;
  return {
    schema: 1,
    name,
    baseline,
    tasks: tasks.map((task) => task.name),
    seeds,
    axes,
    uncertainty,
    rows: entries.map(({ label, type, point, runs }) => ({
      label,
      type,
      axis: point,
      parameters: runs.find(({ run }) => run)?.run?.result.parameters ?? null,
      runs: runs.map(({ seed, path, status }) => ({ seed, path, status })),
      tasks: Object.fromEntries(
        tasks.map((task) => {
          const metric =
            chosen[task.name] ?? metrics.all.find(({ type, score }) => type === task.type && score)?.name ?? '';
          const values = runs.map(({ run }) => Number(run?.result.tasks[task.name]?.test[metric]));
          return [
            task.name,
            {
              metric,
              mean: values.reduce((a, b) => a + b, 0) / values.length,
              ...{ sd: null, gain: null, relativeGain: null, se: null, interval: null, p: null, pHolm: null },
              ...{ verdict: null, detectable: null },
            },
          ];
        }),
      ),
      meanGain: null,
      worstGain: null,
      verdict: null,
    })),
    notes: [],
    timing,
  };
}

export function judge({ name, type }: TaskConfig, chosen: Readonly<Record<string, string>>) {
  const metric = metrics.all.find((one) => (chosen[name] ? one.name === chosen[name] : one.usual && one.type === type));
  if (!metric) throw new Error(`No metric judges '${name}'.`);
  return { metric };
}
