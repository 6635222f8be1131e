import type { EpochRecord } from '../../training/epoch-record.js';
import { metricName } from '../points.js';
import { type Datum, type Drawing, description, type Panel, panelWidth, type Section, tip } from './drawing.js';
import { domainOf } from './learning-curves.js';
import { cssColour, type Mark } from './palette.js';
import { chartId, drawnPoints } from './points.js';

/** A run that trains or has trained. */
export interface LiveCurve {
  readonly label: string;
  readonly seed: number;
  readonly running: boolean;
  readonly epochs: readonly EpochRecord[];
}

export interface LiveTask {
  readonly name: string;
  readonly metric: string;
  readonly better: 'higher' | 'lower';
}

/** The runs at one point of the axes. */
interface Place {
  readonly title: string;
  readonly curves: readonly LiveCurve[];
}

const mostPanels = 24;
/** Longer training is drawn at every second, third, … epoch. */
const mostEpochs = 40;

/** For each task the validation metric and the training loss by epoch, a line per run. */
export function liveCurves(
  tasks: readonly LiveTask[],
  places: readonly Place[],
  series: readonly Mark[],
): readonly Section[] {
  const begun = places.filter(({ curves }) => curves.some(({ epochs }) => epochs.length > 0));
  const { points, omission } = drawnPoints(begun, 2 * tasks.length, mostPanels);
  const drawings = points.flatMap(({ title, curves }, at) =>
    tasks.map(
      (task, index): Drawing => ({
        id: chartId('live', at + 1, index + 1),
        title: [task.name, title].filter((text) => text !== '').join(', '),
        remarks: [],
        panels: panelsOf(task, curves, series),
        key: [],
        columns: 2,
      }),
    ),
  );
  if (drawings.length === 0) return [];
  const note =
    'Validation metric and training loss after each epoch, a line per run. The dot is its last epoch, a large one while it trains. ' +
    'The worst tenth of all values may lie outside a panel.';
  return [{ id: 'live', title: 'All runs', note: [note, ...omission].join(' '), key: [], size: 'medium', drawings }];
}

function panelsOf({ name, metric, better }: LiveTask, curves: readonly LiveCurve[], series: readonly Mark[]): Panel[] {
  const score = ({ validation }: EpochRecord) => validation[name]?.[metric];
  const loss = ({ train }: EpochRecord) => train.tasks[name];
  return [
    panel(`validation ${metricName(metric)}`, better, score, curves, series),
    panel('training loss', 'lower', loss, curves, series),
  ];
}

function panel(
  title: string,
  better: 'higher' | 'lower',
  read: (record: EpochRecord) => unknown,
  curves: readonly LiveCurve[],
  series: readonly Mark[],
): Panel {
  const last = Math.max(0, ...curves.flatMap(({ epochs }) => epochs.at(-1)?.epoch ?? 0));
  const stride = Math.ceil(last / mostEpochs);
  const lines: Datum[] = [];
  const ends: Datum[] = [];
  const values: number[] = [];
  for (const { label, seed, running, epochs } of curves) {
    const model = series.findIndex((one) => one.label === label);
    const { colour = '', dash = [] } = series[model] ?? {};
    const known = epochs.flatMap((record) => {
      const value = read(record);
      return typeof value === 'number' ? [{ epoch: record.epoch, value }] : [];
    });
    const end = known.at(-1);
    if (!end) continue;
    values.push(...known.map(({ value }) => value));
    const drawn = known.filter((one) => (one.epoch - 1) % stride === 0 || one === end);
    const own = { run: `${label} ${seed}`, colour, dash };
    for (const one of drawn) lines.push({ ...own, ...one, tip: tip(model) });
    const words = [
      `${label}, seed ${seed}${running ? ', training' : ''}`,
      `epoch ${end.epoch}: ${title} ${end.value.toPrecision(5)}`,
    ];
    ends.push({ ...own, ...end, size: running ? 60 : 22, tip: tip(model, ...words) });
  }
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: { domain: [0.5, Math.max(2, last) + 0.5], nice: false, zero: false },
    axis: { format: 'd', grid: false, tickMinStep: 1, title: 'epoch' },
  };
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    scale: { zero: false, nice: false, ...(values.length > 0 ? { domain: [...domainOf(values, { better })] } : {}) },
    axis: { title: null, tickCount: 5, format: '~g' },
  };
  const color = { field: 'colour', type: 'nominal' as const, scale: null };
  return {
    title,
    spec: {
      width: panelWidth.medium - 86,
      height: 190,
      layer: [
        {
          data: { values: lines },
          mark: { type: 'line', clip: true, strokeWidth: 1.6 },
          encoding: {
            x,
            y,
            color,
            strokeDash: { field: 'dash', type: 'nominal', scale: null },
            detail: { field: 'run' },
            ...description,
          },
        },
        {
          data: { values: ends },
          mark: { type: 'point', filled: true, clip: true, opacity: 1, stroke: cssColour('page'), strokeWidth: 0.8 },
          encoding: {
            x,
            y,
            fill: color,
            size: { field: 'size', type: 'quantitative', scale: null },
            ...description,
          },
        },
      ],
    },
  };
}
