import { mean } from '../../comparison/statistics/moments.js';
import type { PointTask } from '../task-gains.js';
import type { Panel } from './chart.js';
import { markStyle, type Mark as Series } from './palette.js';
import { layer, type Mark, type Plot, panelWidth } from './plot.js';

/** A place of a run in a plot after an epoch. */
export interface Step {
  readonly epoch: number;
  readonly x: number;
  readonly y: number;
}

interface ModelPaths {
  readonly label: string;
  /** A path per run, with the mark that stands out: its best, or its end. */
  readonly paths: readonly { readonly steps: readonly Step[]; readonly dot: Mark | undefined }[];
}

/** A small panel per model: thin the paths of its runs, thick their mean, grey the mean of the baseline. */
export function pathPanels(
  models: readonly ModelPaths[],
  baseline: string,
  series: readonly Series[],
  frame: Pick<Plot, 'x' | 'y' | 'height'>,
): readonly Panel[] {
  const reference = meanPath(models.find(({ label }) => label === baseline));
  return models.map((own) => {
    const { model, colour } = markStyle(series, own.label);
    const line = { isClipped: true, width: 2, colour, model };
    const dots = own.paths.flatMap(({ dot }) => dot ?? []);
    const thin = own.paths.flatMap(({ steps }, run) => steps.map(({ x, y }) => ({ x, y, series: run })));
    const layers = [
      layer('line', own.label === baseline ? [] : reference, { ...line, colour: 'same', width: 2.4 }),
      layer('line', thin, { ...line, width: 0.9, opacity: 0.5 }),
      layer('line', meanPath(own), line),
      layer('point', dots, { radius: 2.55, stroke: 'page', width: 0.8, isClipped: true, colour, model }),
    ];
    return { title: own.label, plots: [{ ...frame, width: panelWidth.small - 52, layers }] };
  });
}

/** The mean over the runs that have the epoch, up to where more than half of them have stopped. */
function meanPath({ paths }: ModelPaths = { label: '', paths: [] }): readonly Mark[] {
  const epochs = [...new Set(paths.flatMap(({ steps }) => steps.map(({ epoch }) => epoch)))].toSorted((a, b) => a - b);
  return epochs.flatMap((epoch) => {
    const own = paths.flatMap(({ steps }) => steps.find((step) => step.epoch === epoch) ?? []);
    if (2 * own.length < paths.length) return [];
    return [{ x: mean(own.map((step) => step.x)), y: mean(own.map((step) => step.y)) }];
  });
}

/** The range of values without the worst tenth, which comes from the first epochs. */
export function pathDomain(
  values: readonly number[],
  { better }: Pick<PointTask, 'better'>,
): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const tenth = Math.floor(values.length / 10);
  const low = sorted[better === 'higher' ? tenth : 0] ?? 0;
  const high = sorted[sorted.length - 1 - (better === 'lower' ? tenth : 0)] ?? low;
  const room = 0.05 * (high - low) || Math.abs(high) * 1e-3 || 1e-6;
  return [low - room, high + room];
}
