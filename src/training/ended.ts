import type { Experiment } from '../config/experiment.js';
import type { Task } from '../data/dataset.js';
import { configuredLossWeights } from '../objective/catalogue.js';
import { optimizers } from '../optimizers/catalogue.js';
import { noScores } from '../optimizers/schedules/learning-rate-schedule.js';
import { must } from '../support/must.js';
import type { EpochRecord } from './epoch-record.js';
import type { Selected } from './progress/progress.js';
import { nothingSelected, planSelection, type Selection, selectedAfter } from './progress/selection.js';

/**
 * How a run ended. `plateau`: no score improved, at a learning rate that had fallen. `patience`: no score improved, at
 * the rate where it began. `budget`: it trained as long as it was given, with a rate that ends at 0 or for its last
 * parameters. `limit`: at its limit of epochs, when it was still improving.
 */
export type Ended = 'plateau' | 'patience' | 'budget' | 'limit';

/** The best first. */
const order: readonly Ended[] = ['plateau', 'budget', 'patience', 'limit'];

/** A run ended as the worst of its tasks did; without any, at its limit. */
export function worstEnd(ends: readonly Ended[]): Ended {
  return ends.toSorted((a, b) => order.indexOf(b) - order.indexOf(a))[0] ?? 'limit';
}

/** A learning rate that has fallen to this share of its largest value has fallen. */
const fallen = 1 / 2;
/** One that ends at this share ends at 0. */
const ending = 0.02;
/** The share of the allowed epochs that are the last ones; at least one epoch. */
const lastPart = 1 / 5;

type Configured = Pick<Experiment, 'tasks' | 'loss' | 'train'>;

/**
 * How training ended for each task that it watched; a task without a validation row is left out. At the limit of epochs
 * each watched task ends by itself: in a joint model one may be flat while another still improves. If all are served with
 * one epoch, which the latter may move, they end together.
 * @param epochs the lines of epochs.jsonl
 * @param independent the tasks share no parameters
 */
export function howEnded(
  epochs: readonly EpochRecord[],
  config: Configured,
  independent: boolean,
): Readonly<Record<string, Ended>> {
  const { train, tasks } = config;
  if (train.keep === 'last') return Object.fromEntries(tasks.map(({ name }) => [name, 'budget']));
  const selection = storedSelection(epochs, config, independent);
  const states = selectionHistory(selection, epochs);
  const endOf = (task: number): Ended | undefined => {
    const unit = independent ? task : 0;
    const { owner, watched } = must(selection.units[unit], 'unit');
    const isScored = (task: number) => states.at(-1)?.tasks[task]?.patience.best != null;
    if (!watched.some(isScored)) return undefined;
    const isAlone = train.keep === 'best' && watched.includes(task) && isScored(task);
    const judged = isAlone ? [task] : watched;
    const stop = states.findIndex(({ units }) => units[unit]?.stopped);
    const trained = stop < 0 ? epochs : epochs.slice(0, stop + 1);
    const hasStopped = stop >= 0 || (epochs.at(-1)?.epoch ?? 0) < train.epochs;
    if (!hasStopped && endsAtZero(train)) return 'budget';
    if (!hasStopped && !isFlat(judged, { selection, epochs, states }, train)) return 'limit';
    return hasFallen(trained, owner) ? 'plateau' : 'patience';
  };
  return Object.fromEntries(
    tasks.flatMap(({ name }, task) => {
      const ended = endOf(task);
      return ended === undefined ? [] : [[name, ended]];
    }),
  );
}

/** How the epochs of a stored run are judged. */
function storedSelection(
  [first]: readonly EpochRecord[],
  { tasks: configured, loss, train }: Configured,
  independent: boolean,
): Selection {
  // A standardised loss is relative to the variance of the training labels; epochs.jsonl has only that of the
  // validation labels.
  const tasks = configured.map(({ name, type, standardize }): Task => {
    const variance = Number(first?.validation[name]?.labelVariance);
    return { name, type, offset: 0, scale: standardize && variance > 0 ? Math.sqrt(variance) : 1 };
  });
  // The initial weights of the config, as in training. An epoch's weights may be a balancing method's.
  const lossWeights = configuredLossWeights({ tasks: configured, loss }).initial;
  const owners = independent ? tasks.map(({ name }) => name) : [undefined];
  return planSelection({ owners, tasks, train, lossWeights });
}

/** What selection had found after each of these epochs. */
function selectionHistory(selection: Selection, epochs: readonly EpochRecord[]): readonly Selected[] {
  let state = nothingSelected(selection);
  return epochs.map(({ epoch, validation }) => {
    state = selectedAfter(selection, state, epoch, validation);
    return state;
  });
}

interface History {
  readonly selection: Selection;
  readonly epochs: readonly EpochRecord[];
  readonly states: readonly Selected[];
}

function hasFallen(epochs: readonly EpochRecord[], owner: string | undefined): boolean {
  const rates = epochs.flatMap(({ learningRate }) =>
    typeof learningRate === 'object' ? (learningRate[owner ?? ''] ?? []) : learningRate,
  );
  return (rates.at(-1) ?? 1) <= fallen * Math.max(0, ...rates);
}

function endsAtZero({ optimizer, epochs }: Experiment['train']): boolean {
  const stepsPerEpoch = 1000;
  const rate = optimizers.get(optimizer.type).learningRate(optimizer, { epochs, stepsPerEpoch });
  const largest = Math.max(...Array.from({ length: epochs }, (_, e) => rate.at(e, e * stepsPerEpoch, noScores(1))));
  return rate.at(epochs - 1, epochs * stepsPerEpoch - 1, noScores(1)) <= ending * largest;
}

/** Whether the best scores of these tasks rose but little in the last part of the epochs. */
function isFlat(
  watched: readonly number[],
  { selection, epochs, states }: History,
  { epochs: allowed }: Experiment['train'],
): boolean {
  const last = allowed - Math.max(1, Math.round(allowed * lastPart));
  const before = states[epochs.findLastIndex(({ epoch }) => epoch <= last)]; // lines may be lost
  return watched.every((task) => {
    const [was, is] = [before?.tasks[task]?.bestScore ?? null, states.at(-1)?.tasks[task]?.bestScore ?? null];
    if (was === null || is === null) return is === null; // a task without a score decides nothing
    const [judge, record] = [selection.tasks[task], epochs.at(-1)];
    return judge !== undefined && record !== undefined && is - was < judge.small(record.validation, was);
  });
}
