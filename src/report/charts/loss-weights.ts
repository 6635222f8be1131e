import { pairsOf } from '../../objective/balancing/products.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { pointsOf } from '../points.js';
import { type ReportData, runsOf } from '../report-data.js';
import type { Section } from './drawing.js';
import { epochLines } from './epoch-lines.js';
import { seriesOf } from './palette.js';
import type { PanelSpec } from './plot.js';
import { atPoint, chartId, drawnPoints } from './points.js';

const mostPanels = 24;

/** A run whose weights are drawn. */
interface Weighted {
  readonly label: string;
  readonly epochs: readonly EpochRecord[];
}

/** Runs at a point of the axes. */
interface Place {
  readonly title: string;
  readonly runs: readonly Weighted[];
}

/**
 * Loss weights over time: those that a schedule varies, and those of balancing methods. With them the cosines of
 * gradients, of these methods and of diagnostics.
 */
export function lossWeights(data: ReportData): readonly Section[] {
  const places = pointsOf(data.comparison).map((point) => {
    const all = point.rows.map((row) => ({ label: row.label, runs: runsOf(data, row).map(({ epochs }) => epochs) }));
    return { title: atPoint('', point), all };
  });
  const scheduled = places.map(({ title, all }) => ({
    title,
    runs: longest(
      '',
      all.flatMap(({ runs }) => runs).filter((epochs) => varies(epochs) && !isBalanced(epochs)),
    ),
  }));
  const balanced = places.map(({ title, all }) => ({
    title,
    runs: all.flatMap(({ label, runs }) => longest(label, runs.filter(isBalanced))),
  }));
  const compared = places.map(({ title, all }) => ({
    title,
    runs: all.flatMap(({ label, runs }) => longest(label, runs.filter(hasCosines))),
  }));
  return sections(data.comparison.tasks, { scheduled: withoutRepeated(scheduled), balanced, compared }, [
    'Of each model, the run with the most epochs.',
  ]);
}

/** The same of a single run. */
export function runLossWeights({ epochs, experiment }: Pick<FinishedRun, 'epochs' | 'experiment'>): readonly Section[] {
  const place = [{ title: '', runs: [{ label: '', epochs }] }];
  const balanced = isBalanced(epochs);
  const given = {
    scheduled: varies(epochs) && !balanced ? place : [],
    balanced: balanced ? place : [],
    compared: hasCosines(epochs) ? place : [],
  };
  return sections(
    experiment.tasks.map(({ name }) => name),
    given,
    [],
  );
}

function hasCosines(epochs: readonly EpochRecord[]): boolean {
  return epochs.some((record) => cosinesOf(record) !== undefined);
}

/** Those of diagnostics are of the same rows in every epoch. */
function cosinesOf({ diagnostics, balance }: EpochRecord) {
  return diagnostics?.cosines ?? balance?.cosines;
}

function isBalanced(epochs: readonly EpochRecord[]): boolean {
  return epochs.some(({ balance }) => balance !== undefined);
}

function varies(epochs: readonly EpochRecord[]): boolean {
  return new Set(epochs.map(({ weights }) => JSON.stringify(weights))).size > 1;
}

function longest(label: string, runs: readonly (readonly EpochRecord[])[]): readonly Weighted[] {
  const [epochs] = runs.toSorted((a, b) => b.length - a.length);
  return epochs ? [{ label, epochs }] : [];
}

/** Models share a schedule: of points with the same weights, the one with the most epochs. */
function withoutRepeated(places: readonly Place[]): readonly Place[] {
  const textOf = ({ runs }: Place) =>
    runs.flatMap(({ epochs }) => epochs.map(({ weights }) => JSON.stringify(weights))).join('');
  const texts = places.map(textOf);
  const kept = places.filter((place, index) => {
    const own = textOf(place);
    return !texts.some((other, at) => other.startsWith(own) && (other.length > own.length || at < index));
  });
  return kept.length === 1 ? kept.map(({ runs }) => ({ title: '', runs })) : kept;
}

function sections(
  tasks: readonly string[],
  { scheduled, balanced, compared }: Readonly<Record<'scheduled' | 'balanced' | 'compared', readonly Place[]>>,
  remarks: readonly string[],
): readonly Section[] {
  const pairs = pairsOf(tasks.length).map(([a, b]) => pairName(tasks[a] ?? '', tasks[b] ?? ''));
  const sectionOf = (
    id: string,
    title: string,
    note: readonly string[],
    names: readonly string[],
    all: readonly Place[],
    specOf: (epochs: readonly EpochRecord[]) => PanelSpec,
  ): readonly Section[] => {
    const known = all.filter(({ runs }) => runs.length > 0);
    const { points, omission } = drawnPoints(known, known[0]?.runs.length ?? 1, mostPanels);
    const key = seriesOf(names);
    const drawings = points.map(({ title: place, runs }, index) => {
      const panels = runs.map(({ label, epochs }) => ({ title: label, spec: specOf(epochs) }));
      return { id: chartId(id, index + 1), title: place, panels, key, columns: 2 };
    });
    return drawings.length === 0 ? [] : [{ id, title, note: [...note, ...omission], key, size: 'medium', drawings }];
  };
  return [
    ...sectionOf(
      'weights',
      'Loss weights',
      ['The weight of each task’s loss at the first step of each epoch.'],
      tasks,
      scheduled,
      (epochs) => weightLines(tasks, epochs),
    ),
    ...sectionOf(
      'balancing',
      'Balancing weights',
      [
        'The mean weight of each task’s loss in each epoch. Of a method that reads gradients, it is what a task’s gradient counts in shared parameters.',
        'Under the pointer: the task’s share in the weighted loss.',
        ...remarks,
      ],
      tasks,
      balanced,
      (epochs) => weightLines(tasks, epochs),
    ),
    ...sectionOf(
      'cosines',
      'Cosines of gradients',
      [
        'The mean cosine between two tasks’ gradients of shared parameters: over the steps of each epoch, or with `diagnostics` over a few fixed batches after it. Below 0 the tasks conflict.',
        ...remarks,
      ],
      pairs,
      compared,
      (epochs) => cosineLines(pairs, epochs),
    ),
  ];
}

function weightLines(tasks: readonly string[], epochs: readonly EpochRecord[]): PanelSpec {
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

function cosineLines(pairs: readonly string[], epochs: readonly EpochRecord[]): PanelSpec {
  const lines = epochs.map((record) => {
    const values = cosinesOf(record)?.map(({ tasks: [a, b], cosine }) => [pairName(a, b), cosine] as const) ?? [];
    return { epoch: record.epoch, values: Object.fromEntries(values) };
  });
  return epochLines(pairs, lines, { title: 'mean cosine', domain: [-1, 1] });
}

function pairName(a: string, b: string): string {
  return `${a} and ${b}`;
}
