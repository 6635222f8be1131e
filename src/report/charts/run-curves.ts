import type { FinishedRun } from '../../training/finished-run.js';
import { metricName, type PointTask } from '../points.js';
import type { Drawing, Section } from './drawing.js';
import { epochLines } from './epoch-lines.js';
import { cssColour } from './palette.js';
import { fontSize, type PanelSpec } from './plot.js';
import { chartId } from './points.js';

/** Learning curves of a single run: training loss and validation metric for each task. */
export function runCurves(
  { epochs, result: { bestEpoch } }: Pick<FinishedRun, 'epochs' | 'result'>,
  tasks: readonly PointTask[],
): readonly Section[] {
  const drawings = tasks.map(({ name, metric }, index): Drawing => {
    const best = bestEpoch[name] ?? null;
    const losses = epochs.map(({ train }) => train.tasks[name]);
    const scores = epochs.map(({ validation }) => validation[name]?.[metric]);
    const curves = [
      runCurve('training loss', losses, best),
      runCurve(`validation ${metricName(metric)}`, scores, best),
    ];
    return { id: chartId('learning', index + 1), title: name, panels: [{ spec: { vconcat: curves, spacing: 18 } }] };
  });
  const note = 'Loss and metric after each epoch. The dashed line is the best epoch, whose parameters were kept.';
  return [{ id: 'learning', title: 'Learning curves', note: [note], size: 'medium', drawings }];
}

/** @param values A value that is no number is not drawn. */
function runCurve(title: string, values: readonly unknown[], best: number | null): PanelSpec {
  const epochs = values.map((value, index) => ({
    epoch: index + 1,
    values: { [title]: typeof value === 'number' ? value : null },
  }));
  const spec = epochLines([title], epochs, { title: null, look: { format: '~g' } }, { height: 150, best });
  return { ...spec, title: { text: title, fontSize, fontWeight: 'normal', color: cssColour('muted') } };
}
