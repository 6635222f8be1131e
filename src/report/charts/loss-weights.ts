import { taskPairs } from '../../objective/balancing/products.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { ChartSection } from './chart.js';
import type { ChartedRuns } from './charted-runs.js';
import { chartId, drawnPoints } from './drawn-points.js';
import { epochLines } from './epoch-lines.js';
import { assignMarks } from './palette.js';
import type { Plot } from './plot.js';

const mostPanels = 24;

type Epochs = readonly EpochRecord[];

/** Loss weights that a schedule or a balancing method moves, and the cosines of tasks' gradients, by epoch. */
export function lossWeights({ tasks, places }: ChartedRuns): readonly ChartSection[] {
  /** Of each model, the longest run that has such values. */
  const longest = (isWanted: (epochs: Epochs) => boolean) =>
    places.map(({ title, models }) => ({
      title,
      runs: models.flatMap(({ label, runs }) => {
        const wanted = runs.map(({ epochs }) => epochs).filter(isWanted);
        return wanted
          .toSorted((a, b) => b.length - a.length)
          .slice(0, 1)
          .map((epochs) => ({ label, epochs }));
      }),
    }));
  const moving = longest((epochs) => isBalanced(epochs) || varies(epochs)).map(({ title, runs }) => {
    // All models without balancing have one schedule: the longest run shows most of it.
    const [scheduled] = runs
      .filter(({ epochs }) => !isBalanced(epochs))
      .toSorted((a, b) => b.epochs.length - a.epochs.length);
    return { title, runs: runs.filter((run) => run === scheduled || isBalanced(run.epochs)) };
  });
  const isAlone = places.every(({ models }) => models.length < 2);
  const shared = isAlone ? '' : ' A schedule is drawn for one model; all without balancing have it.';
  const pairs = taskPairs(tasks.length).map(([a, b]) => pairName(tasks[a] ?? '', tasks[b] ?? ''));
  return [
    ...section({
      id: 'weights',
      title: 'Loss weights',
      names: tasks,
      all: moving,
      plotOf: (epochs) =>
        epochLines(tasks, epochs.map(weightsIn), {
          title: 'loss weight',
          domain: [0, Math.max(...epochs.flatMap(({ weights }) => Object.values(weights)))],
        }),
      note: `The weight of each task’s loss at the first step of each epoch; of a balancing method, the mean over the epoch.${shared}`,
    }),
    ...section({
      id: 'cosines',
      title: 'Cosines of gradients',
      names: pairs,
      all: longest((epochs) => epochs.some(({ diagnostics }) => diagnostics?.cosines !== undefined)),
      plotOf: (epochs) => epochLines(pairs, epochs.map(cosinesIn), { title: 'mean cosine', domain: [-1, 1] }),
      note: 'The mean cosine between two tasks’ gradients of shared parameters: over a few batches, the same after each epoch. Below 0 the tasks conflict.',
    }),
  ];
}

interface Lines extends Pick<ChartSection, 'id' | 'title'> {
  readonly note: string;
  /** Of the lines. */
  readonly names: readonly string[];
  readonly all: readonly {
    readonly title: string;
    readonly runs: readonly { readonly label: string; readonly epochs: Epochs }[];
  }[];
  readonly plotOf: (epochs: Epochs) => Plot;
}

function section({ id, title, note, names, all, plotOf }: Lines): readonly ChartSection[] {
  const known = all.filter(({ runs }) => runs.length > 0);
  const { points, omission } = drawnPoints(known, known[0]?.runs.length ?? 1, mostPanels);
  const key = assignMarks(names);
  const charts = points.map(({ title: place, runs }, index) => {
    const panels = runs.map(({ label, epochs }) => ({ title: label, plots: [plotOf(epochs)] }));
    return { id: chartId(id, index + 1), title: place, panels, key, columns: 2 };
  });
  return charts.length === 0 ? [] : [{ id, title, note: [note, ...omission], key, size: 'medium', charts }];
}

function isBalanced(epochs: Epochs): boolean {
  return epochs.some(({ balance }) => balance !== undefined);
}

function varies(epochs: Epochs): boolean {
  return new Set(epochs.map(({ weights }) => JSON.stringify(weights))).size > 1;
}

function weightsIn({ epoch, weights }: EpochRecord) {
  return { epoch, values: weights };
}

function cosinesIn({ epoch, diagnostics }: EpochRecord) {
  const values = diagnostics?.cosines?.map(({ tasks: [a, b], cosine }) => [pairName(a, b), cosine] as const) ?? [];
  return { epoch, values: Object.fromEntries(values) };
}

function pairName(a: string, b: string): string {
  return `${a} and ${b}`;
}
