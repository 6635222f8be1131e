import { pairsOf } from '../../objective/balancing/products.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { pointsOf } from '../points.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../report-data.js';
import { type Drawing, type Panel, panelWidth, type Section } from './drawing.js';
import { epochLines } from './epoch-lines.js';
import { isBalanced } from './loss-weights.js';
import { seriesOf } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';

const mostPanels = 24;

interface Model {
  readonly label: string;
  readonly epochs: readonly EpochRecord[];
}

/** The weights of a balancing method over time, and the cosines of the tasks' gradients if it reads them: a panel for each model. */
export function balancing(data: ReportData): readonly Section[] {
  const all = pointsOf(data.comparison).map((point) => ({ point, models: point.rows.flatMap((row) => modelOf(row)) }));
  const balanced = all.filter(({ models }) => models.length > 0);
  const { points, omission } = drawnPoints(balanced, balanced[0]?.models.length ?? 1, mostPanels);
  const places = points.map(({ point, models }) => ({ title: atPoint('', point), models }));
  return balancingSections(data.comparison.tasks, places, [
    'Of each model, the run with the most epochs.',
    ...omission,
  ]);

  function modelOf(row: (typeof data.comparison.rows)[number]): readonly Model[] {
    const runs = runsOf(data, row).filter(isBalanced);
    const [longest] = runs.toSorted((a, b) => b.epochs.length - a.epochs.length);
    return longest ? [{ label: row.label, epochs: longest.epochs }] : [];
  }
}

/** Of a single run. */
export function runBalancing(run: Pick<FinishedRun, 'epochs' | 'experiment'>): readonly Section[] {
  const tasks = run.experiment.tasks.map(({ name }) => name);
  return balancingSections(
    tasks,
    isBalanced(run) ? [{ title: '', models: [{ label: '', epochs: run.epochs }] }] : [],
    [],
  );
}

interface Place {
  readonly title: string;
  readonly models: readonly Model[];
}

/** The charts of some models at some points of the axes. */
function balancingSections(
  tasks: readonly string[],
  places: readonly Place[],
  remarks: readonly string[],
): readonly Section[] {
  if (places.length === 0) return [];
  const pairs = pairsOf(tasks.length).map(([a, b]) => pairName(tasks[a] ?? '', tasks[b] ?? ''));
  const drawings = (id: string, names: readonly string[], panelOf: (model: Model) => readonly Panel[]): Drawing[] =>
    places.flatMap(({ title, models }, index) => {
      const panels = models.flatMap(panelOf);
      if (panels.length === 0) return [];
      return [{ id: chartId(id, index + 1), title, remarks: [], panels, key: seriesOf(names), columns: 2 }];
    });
  const weights = drawings('balancing', tasks, (model) => [weightsOf(tasks, model)]);
  const cosines = drawings('cosines', pairs, (model) => cosinesOf(pairs, model));
  const shown = { key: seriesOf(tasks), size: 'medium' } as const;
  const weightNote =
    'The mean weight of each task’s loss in each epoch. Of a method that reads gradients, it is what a task’s gradient counts in shared parameters. ' +
    'Under the pointer: the task’s share in the weighted loss.';
  const cosineNote =
    'The mean cosine between two tasks’ gradients of shared parameters in each epoch. Below 0 the tasks conflict.';
  const noteOf = (note: string) => [note, ...remarks].join(' ');
  return [
    { id: 'balancing', title: 'Balancing weights', note: noteOf(weightNote), ...shown, drawings: weights },
    ...(cosines.length === 0
      ? []
      : [
          {
            ...shown,
            id: 'cosines',
            title: 'Cosines of gradients',
            note: noteOf(cosineNote),
            key: seriesOf(pairs),
            drawings: cosines,
          },
        ]),
  ];
}

function weightsOf(tasks: readonly string[], { label, epochs }: Model): Panel {
  const lines = epochs.map(({ epoch, weights, balance }) => ({
    epoch,
    values: weights,
    remarks: Object.fromEntries(
      tasks.map((task) => {
        const share = balance?.shares[task] ?? null;
        return [task, share === null ? '' : `, ${(100 * share).toFixed(0)}% of the loss`];
      }),
    ),
  }));
  return {
    title: label,
    spec: epochLines(tasks, lines, { field: 'weight', title: 'loss weight', width: panelWidth.medium }),
  };
}

function cosinesOf(pairs: readonly string[], { label, epochs }: Model): readonly Panel[] {
  if (!epochs.some(({ balance }) => balance?.cosines)) return [];
  const lines = epochs.map(({ epoch, balance }) => ({
    epoch,
    values: Object.fromEntries(balance?.cosines?.map(({ tasks: [a, b], cosine }) => [pairName(a, b), cosine]) ?? []),
  }));
  const axis = { field: 'value', title: 'mean cosine', width: panelWidth.medium, domain: [-1, 1] as const };
  return [{ title: label, spec: epochLines(pairs, lines, axis) }];
}

function pairName(a: string, b: string): string {
  return `${a} and ${b}`;
}
