import { mean } from '../../comparison/statistics/moments.js';
import { fixed } from '../numbers.js';
import { pointsOf } from '../points.js';
import { type ReportData, runsOf } from '../report-data.js';
import { metricName, type PointTask } from '../task-gains.js';
import type { ChartSection, Panel } from './chart.js';
import { domainOf, dot } from './learning-curves.js';
import { type Colour, lookOf, modelSeries } from './palette.js';
import { layer, type Plot, panelWidth, smallLabels } from './plot.js';
import { perPair } from './scatter.js';

/** A place after an epoch: the validation metrics of two tasks. */
interface Step {
  readonly epoch: number;
  readonly x: number;
  readonly y: number;
}

interface Path {
  readonly seed: number;
  readonly steps: readonly Step[];
}

/**
 * The path of each run through two tasks, epoch by epoch: when one task is best, where is the other? A panel per model
 * and pair of tasks.
 */
export function paths(data: ReportData): readonly ChartSection[] {
  const { comparison } = data;
  const series = modelSeries(comparison);
  const { charts, omission } = perPair(
    comparison,
    pointsOf(comparison),
    comparison.rows.length,
    'paths',
    (point, x, y, title, id) => {
      const all = point.rows.map((row) => ({
        label: row.label,
        paths: runsOf(data, row).map(({ result: { seed }, epochs }): Path => {
          const steps = epochs.flatMap(({ epoch, validation }) => {
            const [across, up] = [validation[x.name]?.[x.metric], validation[y.name]?.[y.metric]];
            return typeof across === 'number' && typeof up === 'number' ? [{ epoch, x: across, y: up }] : [];
          });
          return { seed, steps };
        }),
      }));
      const steps = all.flatMap(({ paths }) => paths.flatMap((path) => path.steps));
      const baseline = all.find(({ label }) => label === comparison.baseline);
      if (steps.length < 2) return [];
      const domains = {
        x: domainOf(
          steps.map((step) => step.x),
          x,
        ),
        y: domainOf(
          steps.map((step) => step.y),
          y,
        ),
      };
      const panels = all.flatMap(({ label, paths }): Panel[] => {
        const { model, colour } = lookOf(series, label);
        const reference = label === comparison.baseline ? [] : meanPath(baseline?.paths ?? []);
        const plot = plotOf({ label, paths, reference, model, colour }, { x, y }, domains);
        return paths.some((path) => path.steps.length > 1) ? [{ title: label, plots: [plot] }] : [];
      });
      return panels.length === 0 ? [] : [{ id, title, panels, columns: 4 }];
    },
  );
  if (charts.length === 0) return [];
  const note = [
    'Where each run is on validation after every epoch: its metric on one task against that on another; up and right is better. Thin: a seed; thick: the mean over ' +
      `seeds; grey: that of ${comparison.baseline}. A dot is the last epoch. A path that turns back overfits a task. The worst tenth of all places may lie outside a panel.`,
    ...omission,
  ];
  return [{ id: 'paths', title: 'Paths through two tasks', note, size: 'small', charts }];
}

/** The mean over the runs that have the epoch, up to where half of them have stopped. */
function meanPath(paths: readonly Path[]): readonly Step[] {
  const epochs = [...new Set(paths.flatMap(({ steps }) => steps.map(({ epoch }) => epoch)))].toSorted((a, b) => a - b);
  return epochs.flatMap((epoch) => {
    const own = paths.flatMap(({ steps }) => steps.find((step) => step.epoch === epoch) ?? []);
    if (2 * own.length < paths.length) return [];
    return [{ epoch, x: mean(own.map((step) => step.x)), y: mean(own.map((step) => step.y)) }];
  });
}

interface Drawn {
  readonly label: string;
  readonly paths: readonly Path[];
  readonly reference: readonly Step[];
  readonly model: number;
  readonly colour: Colour;
}

type Both<Value> = { readonly x: Value; readonly y: Value };

function plotOf(
  { label, paths, reference, model, colour }: Drawn,
  tasks: Both<PointTask>,
  domains: Both<readonly [number, number]>,
): Plot {
  const axis = (task: PointTask, domain: readonly [number, number]) => ({
    title: `${task.name}, ${metricName(task.metric)}`,
    domain,
    isReversed: task.better === 'lower',
    ...smallLabels,
  });
  const line = (steps: readonly Step[], series: number) => steps.map(({ x, y }) => ({ x, y, series }));
  const own = meanPath(paths);
  const ends = paths.flatMap(({ seed, steps }) => {
    const end = steps.at(-1);
    const text = (task: PointTask, value: number) => `${task.name} ${fixed(value, task.digits)}`;
    return end
      ? [
          {
            x: end.x,
            y: end.y,
            tip: [`${label}, seed ${seed}`, `epoch ${end.epoch}: ${text(tasks.x, end.x)}, ${text(tasks.y, end.y)}`],
          },
        ]
      : [];
  });
  const look = { isClipped: true, width: 2, colour, model };
  return {
    width: panelWidth.small - 52,
    height: 140,
    x: axis(tasks.x, domains.x),
    y: axis(tasks.y, domains.y),
    layers: [
      layer('line', line(reference, 0), { ...look, colour: 'same', width: 2.4 }),
      layer(
        'line',
        paths.flatMap(({ seed, steps }) => line(steps, seed)),
        { ...look, width: 0.9, opacity: 0.45 },
      ),
      layer('line', line(own, 0), look),
      layer('point', ends, { ...dot, colour, model }),
    ],
  };
}
