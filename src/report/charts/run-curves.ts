import type { FinishedRun } from '../../training/finished-run.js';
import { metricName, type PointTask } from '../points.js';
import type { Drawing, Section } from './drawing.js';
import { type Colour, cssColour } from './palette.js';
import { epochAxis, fontSize, layer, type PanelSpec, panelWidth, plot, tip } from './plot.js';
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
      runCurve('training loss', losses, best, 'c2'),
      runCurve(`validation ${metricName(metric)}`, scores, best, 'c1'),
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
    return [runCurve('first step of each epoch', rates, null, 'c3')];
  }
  return Object.keys(first).map((task) => {
    const rates = epochs.map(({ learningRate }) =>
      typeof learningRate === 'object' ? learningRate[task] : learningRate,
    );
    return runCurve(task, rates, null, 'c3');
  });
}

/** If values fall by more than this factor, the axis is logarithmic. */
const steep = 5;

/** @param values A value that is no number is not drawn. */
function runCurve(title: string, values: readonly unknown[], best: number | null, colour: Colour): PanelSpec {
  const rows = values.map((value, index) => {
    const epoch = `epoch ${index + 1}${index + 1 === best ? ', the best' : ''}`;
    if (typeof value !== 'number') return { x: index + 1, y: null, tip: tip(null, epoch) };
    return { x: index + 1, y: value, tip: tip(null, epoch, `${title} ${value.toPrecision(5)}`) };
  });
  const known = rows.flatMap(({ y }) => y ?? []);
  const isLogarithmic = Math.min(...known) > 0 && Math.max(...known) > steep * Math.min(...known);
  const text = isLogarithmic ? `${title}, logarithmic` : title;
  const spec = plot({
    width: panelWidth.medium - 86,
    height: 150,
    x: epochAxis(values.length),
    y: { title: null, scale: isLogarithmic ? { type: 'log', nice: false } : {}, look: { tickCount: 5, format: '~g' } },
    layers: [
      layer(
        'line',
        rows.map(({ tip: _, ...row }) => row),
        { color: cssColour(colour), strokeWidth: 2 },
      ),
      layer('point', rows, { filled: true, size: 24, color: cssColour(colour), opacity: 1 }),
      layer('rule', best === null ? [] : [{ x: best }], { color: cssColour('muted'), strokeDash: [4, 4] }),
    ],
  });
  return { ...spec, title: { text, fontSize, fontWeight: 'normal', color: cssColour('muted') } };
}
