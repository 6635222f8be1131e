import type { FinishedRun } from '../../training/finished-run.js';
import { metricName, type PointTask } from '../task-gains.js';
import type { Chart, ChartSection } from './chart.js';
import { chartId } from './drawn-points.js';
import { epochLines } from './epoch-lines.js';
import type { Plot } from './plot.js';

/** Learning curves of a single run: training loss and validation metric for each task. */
export function runCurves(
  { epochs, result: { bestEpoch } }: Pick<FinishedRun, 'epochs' | 'result'>,
  tasks: readonly PointTask[],
): readonly ChartSection[] {
  const charts = tasks.map(({ name, metric }, index): Chart => {
    const best = bestEpoch[name] ?? null;
    const losses = epochs.map(({ train }) => train.tasks[name]);
    const scores = epochs.map(({ validation }) => validation[name]?.[metric]);
    const curves = [
      runCurve('training loss', losses, best),
      runCurve(`validation ${metricName(metric)}`, scores, best),
    ];
    return { id: chartId('learning', index + 1), title: name, panels: [{ plots: curves }] };
  });
  const note = 'Loss and metric after each epoch. The dashed line is the best epoch, whose parameters were kept.';
  return [{ id: 'learning', title: 'Learning curves', note: [note], size: 'medium', charts }];
}

/** @param values A value that is no number is not drawn. */
function runCurve(title: string, values: readonly unknown[], best: number | null): Plot {
  const epochs = values.map((value, index) => ({
    epoch: index + 1,
    values: { [title]: typeof value === 'number' ? value : null },
  }));
  return { ...epochLines([title], epochs, { format: '~g' }, { height: 150, best }), title };
}
