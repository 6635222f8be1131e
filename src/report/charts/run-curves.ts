import type { FinishedRun } from '../../training/finished-run.js';
import { metricName, type PointTask } from '../points.js';
import type { Drawing, Section } from './drawing.js';
import { epochLines } from './epoch-lines.js';
import { cssColour } from './palette.js';
import { fontSize, type PanelSpec } from './plot.js';
import { chartId } from './points.js';

/** Learning curves of a single run: training loss and validation metric for each task, and the learning rate. */
export function runCurves(
  { epochs, result: { bestEpoch } }: Pick<FinishedRun, 'epochs' | 'result'>,
  tasks: readonly PointTask[],
): readonly Section[] {
  const drawings = tasks.map(({ name, metric }, index): Drawing => {
    const best = typeof bestEpoch === 'number' ? bestEpoch : (bestEpoch[name] ?? null);
    const losses = epochs.map(({ train }) => train.tasks[name]);
    const scores = epochs.map(({ validation }) => validation[name]?.[metric]);
    const spec = stacked(
      runCurve('training loss', losses, best),
      runCurve(`validation ${metricName(metric)}`, scores, best),
    );
    return { id: chartId('learning', index + 1), title: name, panels: [{ spec }] };
  });
  const rates = learningRates(epochs);
  const rate = { id: 'learning-rate', title: 'Learning rate', panels: [{ spec: stacked(...rates) }] };
  const note = 'Loss and metric after each epoch. The dashed line is the best epoch, whose parameters were kept.';
  const all = [...drawings, ...(rates.length > 0 ? [rate] : [])];
  return [{ id: 'learning', title: 'Learning curves', note: [note], size: 'medium', drawings: all }];
}

function stacked(...curves: readonly PanelSpec[]): PanelSpec {
  return { vconcat: [...curves], spacing: 18 };
}

/**
 * Learning rate at each epoch's first step: for all tasks, or for each task with its own. Empty if the run did not
 * record it.
 */
function learningRates(epochs: FinishedRun['epochs']): readonly PanelSpec[] {
  const first = epochs[0]?.learningRate;
  if (first === undefined) return [];
  if (typeof first === 'number') {
    const rates = epochs.map(({ learningRate }) => learningRate);
    return [runCurve('first step of each epoch', rates, null)];
  }
  return Object.keys(first).map((task) => {
    const rates = epochs.map(({ learningRate }) =>
      typeof learningRate === 'object' ? learningRate[task] : learningRate,
    );
    return runCurve(task, rates, null);
  });
}

/** If values fall by more than this factor, the axis is logarithmic. */
const steep = 5;

/** @param values A value that is no number is not drawn. */
function runCurve(title: string, values: readonly unknown[], best: number | null): PanelSpec {
  const epochs = values.map((value, index) => ({
    epoch: index + 1,
    values: { [title]: typeof value === 'number' ? value : null },
    remarks: { [title]: index + 1 === best ? ', the best' : '' },
  }));
  const known = epochs.flatMap(({ values: own }) => own[title] ?? []);
  const isLogarithmic = Math.min(...known) > 0 && Math.max(...known) > steep * Math.min(...known);
  const text = isLogarithmic ? `${title}, logarithmic` : title;
  const scale = isLogarithmic ? { type: 'log', nice: false } : {};
  const spec = epochLines([title], epochs, { title: null, scale, look: { format: '~g' } }, { height: 150, best });
  return { ...spec, title: { text, fontSize, fontWeight: 'normal', color: cssColour('muted') } };
}
