import { pairsOf } from '../../objective/balancing/products.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { ChartedRuns } from './charted-runs.js';
import type { Section } from './drawing.js';
import { epochLines } from './epoch-lines.js';
import { seriesOf } from './palette.js';
import type { PanelSpec } from './plot.js';
import { chartId, drawnPoints } from './points.js';

const mostPanels = 24;

type Epochs = readonly EpochRecord[];

/** Runs at a point of the axes, to be drawn side by side. */
interface Panels {
  readonly title: string;
  readonly runs: readonly { readonly label: string; readonly epochs: Epochs }[];
}

/**
 * Loss weights over time: those that a schedule varies, and those of balancing methods. With them the cosines of
 * gradients, of these methods and of diagnostics.
 */
export function lossWeights({ tasks, places }: ChartedRuns): readonly Section[] {
  const byModel = (isWanted: (epochs: Epochs) => boolean): readonly Panels[] =>
    places.map(({ title, models }) => ({
      title,
      runs: models.flatMap(({ label, runs }) => longest(label, runs, isWanted)),
    }));
  const scheduled = places.map(({ title, models }) => {
    const all = models.flatMap(({ runs }) => runs);
    return { title, runs: longest('', all, (epochs) => varies(epochs) && !isBalanced(epochs)) };
  });
  const pairs = pairsOf(tasks.length).map(([a, b]) => pairName(tasks[a] ?? '', tasks[b] ?? ''));
  const weights = (epochs: Epochs) => weightLines(tasks, epochs);
  const isSeveral = places.some(({ models }) => models.some(({ runs }) => runs.length > 1));
  const which = isSeveral ? ['Of each model, the run with the most epochs.'] : [];
  return [
    ...section({
      id: 'weights',
      title: 'Loss weights',
      names: tasks,
      all: withoutRepeated(scheduled),
      specOf: weights,
      note: ['The weight of each task’s loss at the first step of each epoch.'],
    }),
    ...section({
      id: 'balancing',
      title: 'Balancing weights',
      names: tasks,
      all: byModel(isBalanced),
      specOf: weights,
      note: [
        'The mean weight of each task’s loss in each epoch. Of a method that reads gradients, it is what a task’s gradient counts in shared parameters.',
        'Under the pointer: the task’s share in the weighted loss.',
        ...which,
      ],
    }),
    ...section({
      id: 'cosines',
      title: 'Cosines of gradients',
      names: pairs,
      all: byModel(hasCosines),
      specOf: (epochs) => cosineLines(pairs, epochs),
      note: [
        'The mean cosine between two tasks’ gradients of shared parameters: over the steps of each epoch, or with `diagnostics` over a few fixed batches. Below 0 the tasks conflict.',
        ...which,
      ],
    }),
  ];
}

interface Lines extends Pick<Section, 'id' | 'title' | 'note'> {
  /** Of the lines. */
  readonly names: readonly string[];
  readonly all: readonly Panels[];
  readonly specOf: (epochs: Epochs) => PanelSpec;
}

function section({ id, title, note, names, all, specOf }: Lines): readonly Section[] {
  const known = all.filter(({ runs }) => runs.length > 0);
  const { points, omission } = drawnPoints(known, known[0]?.runs.length ?? 1, mostPanels);
  const key = seriesOf(names);
  const drawings = points.map(({ title: place, runs }, index) => {
    const panels = runs.map(({ label, epochs }) => ({ title: label, spec: specOf(epochs) }));
    return { id: chartId(id, index + 1), title: place, panels, key, columns: 2 };
  });
  return drawings.length === 0 ? [] : [{ id, title, note: [...note, ...omission], key, size: 'medium', drawings }];
}

function longest(label: string, runs: readonly { readonly epochs: Epochs }[], isWanted: (epochs: Epochs) => boolean) {
  const wanted = runs.map(({ epochs }) => epochs).filter(isWanted);
  return wanted
    .toSorted((a, b) => b.length - a.length)
    .slice(0, 1)
    .map((epochs) => ({ label, epochs }));
}

function hasCosines(epochs: Epochs): boolean {
  return epochs.some((record) => cosinesOf(record) !== undefined);
}

/** Cosines of diagnostics, which use the same rows in every epoch, else those of the balancing method. */
function cosinesOf({ diagnostics, balance }: EpochRecord) {
  return diagnostics?.cosines ?? balance?.cosines;
}

function isBalanced(epochs: Epochs): boolean {
  return epochs.some(({ balance }) => balance !== undefined);
}

function varies(epochs: Epochs): boolean {
  return new Set(epochs.map(({ weights }) => JSON.stringify(weights))).size > 1;
}

/** Models share a schedule: of points with the same weights, the one with the most epochs. */
function withoutRepeated(places: readonly Panels[]): readonly Panels[] {
  const texts = places.map(({ runs }) =>
    runs.flatMap(({ epochs }) => epochs.map(({ weights }) => JSON.stringify(weights))).join(''),
  );
  const kept = places.filter((_, index) => {
    const own = texts[index] ?? '';
    return !texts.some((other, at) => other.startsWith(own) && (other.length > own.length || at < index));
  });
  return kept.length === 1 ? kept.map(({ runs }) => ({ title: '', runs })) : kept;
}

function weightLines(tasks: readonly string[], epochs: Epochs): PanelSpec {
  const lines = epochs.map(({ epoch, weights, balance }) => {
    const shares = tasks.map((task) => [task, balance?.shares[task] ?? null] as const);
    const remarks = shares.map(([task, share]) => [
      task,
      share === null ? '' : `, ${(100 * share).toFixed(0)}% of the loss`,
    ]);
    return { epoch, values: weights, remarks: Object.fromEntries(remarks) };
  });
  return epochLines(tasks, lines, { title: 'loss weight', scale: { zero: true } });
}

function cosineLines(pairs: readonly string[], epochs: Epochs): PanelSpec {
  const lines = epochs.flatMap((record) => {
    const values = cosinesOf(record)?.map(({ tasks: [a, b], cosine }) => [pairName(a, b), cosine] as const);
    return values ? [{ epoch: record.epoch, values: Object.fromEntries(values) }] : [];
  });
  return epochLines(pairs, lines, { title: 'mean cosine', domain: [-1, 1] });
}

function pairName(a: string, b: string): string {
  return `${a} and ${b}`;
}
