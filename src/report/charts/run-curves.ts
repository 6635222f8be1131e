import type { FinishedRun } from '../../training/finished-run.js';
import { metricName, type PointTask } from '../points.js';
import {
  type Datum,
  type Drawing,
  description,
  fontSize,
  type LayerSpec,
  panelWidth,
  type Section,
  tip,
} from './drawing.js';
import { type Colour, cssColour } from './palette.js';
import { chartId } from './points.js';

interface Curved extends Pick<FinishedRun, 'epochs'> {
  /** The best epoch is null while the run trains. */
  readonly result: { readonly bestEpoch: FinishedRun['result']['bestEpoch'] | null };
}

/** Learning curves of a single run: training loss and validation metric for each task, and the learning rate. */
export function runCurves({ epochs, result: { bestEpoch } }: Curved, tasks: readonly PointTask[]): readonly Section[] {
  const bestOf = (task: string) =>
    typeof bestEpoch === 'number' || bestEpoch === null ? bestEpoch : (bestEpoch[task] ?? null);
  const numbers = (read: (index: number) => unknown): readonly (number | null)[] =>
    epochs.map((_, index) => {
      const value = read(index);
      return typeof value === 'number' ? value : null;
    });
  const drawings = tasks.map(({ name, metric }, index): Drawing => {
    const loss = numbers((at) => epochs[at]?.train.tasks[name]);
    const score = numbers((at) => epochs[at]?.validation[name]?.[metric]);
    const curves = [
      runCurve('training loss', loss, bestOf(name), 'c2'),
      runCurve(`validation ${metricName(metric)}`, score, bestOf(name), 'c1'),
    ];
    return {
      id: chartId('learning', index + 1),
      title: name,
      remarks: [],
      panels: [{ title: '', spec: { vconcat: curves, spacing: 18 } }],
      key: [],
      columns: 1,
    };
  });
  const note = `Loss and metric after each epoch.${bestEpoch === null ? '' : ' The dashed line is the best epoch, whose parameters were kept.'}`;
  return [
    {
      id: 'learning',
      title: 'Learning curves',
      note,
      key: [],
      size: 'medium',
      drawings: [...drawings, ...learningRates(epochs)],
    },
  ];
}

/**
 * Learning rate at each epoch's first step: for all tasks, or for each task with its own. Empty if the run did not
 * record it.
 */
function learningRates(epochs: FinishedRun['epochs']): readonly Drawing[] {
  const first = epochs[0]?.learningRate;
  if (first === undefined) return [];
  const curves = (typeof first === 'number' ? [null] : Object.keys(first)).map((task) => {
    const rates = epochs.map(({ learningRate = null }) =>
      task === null || learningRate === null || typeof learningRate === 'number'
        ? Number(learningRate)
        : (learningRate[task] ?? null),
    );
    return runCurve(task ?? 'first step of each epoch', rates, null, 'c3');
  });
  const panels = [{ title: '', spec: { vconcat: curves, spacing: 18 } }];
  return [{ id: 'learning-rate', title: 'Learning rate', remarks: [], panels, key: [], columns: 1 }];
}

/** If values fall by more than this factor, the axis is logarithmic. */
const steep = 5;

function runCurve(title: string, values: readonly (number | null)[], best: number | null, colour: Colour): LayerSpec {
  const known = values.filter((value) => value !== null);
  const logarithmic = Math.min(...known) > 0 && Math.max(...known) > steep * Math.min(...known);
  const rows = values.map((value, index): Datum => {
    const text = value === null ? '' : `${title} ${value.toPrecision(5)}`;
    return {
      epoch: index + 1,
      value,
      tip: tip(null, `epoch ${index + 1}${index + 1 === best ? ', the best' : ''}`, text),
    };
  });
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: { domain: [0.5, Math.max(2, values.length) + 0.5], nice: false, zero: false },
    axis: { format: 'd', grid: false, tickMinStep: 1, title: 'epoch' },
  };
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    scale: logarithmic ? { type: 'log' as const, nice: false } : { zero: false },
    axis: { title: null, tickCount: 5, format: '~g' },
  };
  const line = { type: 'line' as const, color: cssColour(colour), strokeWidth: 2 };
  return {
    title: {
      text: logarithmic ? `${title}, logarithmic` : title,
      fontSize,
      fontWeight: 'normal',
      color: cssColour('muted'),
    },
    width: panelWidth.medium - 86,
    height: 150,
    data: { values: rows },
    layer: [
      { mark: line, encoding: { x, y } },
      {
        mark: { type: 'point', filled: true, size: 24, color: cssColour(colour), opacity: 1 },
        encoding: { x, y, ...description },
      },
      ...(best === null
        ? []
        : [
            {
              data: { values: [{ epoch: best }] },
              mark: { type: 'rule' as const, color: cssColour('muted'), strokeDash: [4, 4] },
              encoding: { x },
            },
          ]),
    ],
  };
}
