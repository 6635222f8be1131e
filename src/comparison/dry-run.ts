import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import type { Experiment } from '../config/experiment.js';
import { baseline } from '../models/catalogue.js';
import { groupedBy } from '../support/grouped-by.js';
import { must } from '../support/must.js';
import type { ComparisonOptions, MeasuringExecutor, Speed } from './execute/executor.js';
import { withLocalProcesses } from './execute/local-processes.js';
import { makePlan } from './make-plan.js';
import { parametersOf, type ReadShape } from './plan/data-shapes.js';
import { type Run, unfinished } from './plan/run.js';
import type { Search } from './search/search.js';

/** What a comparison would train. */
export interface ComparisonPlan {
  readonly name: string;
  readonly folder: string;
  readonly jobs: number;
  /** The runs of `tune`. They come first. */
  readonly tuning: readonly PlanLine[];
  /** How many combinations each model tries at each point of the axes. Models with one are left out. */
  readonly searches: readonly { readonly label: string; readonly axis: AxisPoint; readonly combinations: number }[];
  readonly runs: readonly PlanLine[];
  /** False: `tune` has not chosen values yet. `runs` then have the config's values, and one run may become several. */
  readonly tuned: boolean;
  readonly models: readonly ModelPlan[];
  /** Time for all unfinished runs if none stops early. */
  readonly secondsAtMost: number;
}

interface PlanLine extends Pick<Run, 'label' | 'values' | 'tasks' | 'seed' | 'hash8'> {
  readonly axis: AxisPoint;
  /** Path relative to the comparison's folder. Equal experiments share it. */
  readonly path: string;
  readonly finished: boolean;
  readonly parameters: { readonly embedding: number; readonly network: number };
}

/** Runs that take the same time. */
interface ModelPlan {
  readonly label: string;
  /** The values that these runs share: their point of the axes, and what `tune` tries. */
  readonly values: AxisPoint;
  readonly unfinished: number;
  /** Of one run; in successive halving the mean over its candidates, at most. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly samplesPerSecond: number;
  /** Time of one run. */
  readonly secondsAtMost: number;
}

/** Plans a comparison, measures a few steps of each model, and writes nothing. */
export async function planComparison(
  config: ComparisonConfig,
  options: Omit<ComparisonOptions, 'predictions'>,
): Promise<ComparisonPlan> {
  const { on, signal } = options;
  return withLocalProcesses(config, { ...options, predictions: false }, async (executor) => {
    const folder = join(options.runs, config.name);
    const plan = await makePlan(config, folder, executor.readShape, on, signal);
    const tuned = isFinished(plan.search);
    const decided = tuned ? await plan.decide() : undefined;
    if (decided) on({ kind: 'decided', changes: decided });
    const runs = await plan.runs(decided, config.seeds);
    // Halving leaves most of its runs before their end.
    const tuning = plan.search.runs.map((run): Run => (tuned ? { ...run, state: 'finished' } : run));
    const todo = unfinished([...tuning, ...runs]);
    const jobs = executor.jobsFor(todo);
    if (todo.length > 0) on({ kind: 'measured', done: 0, of: todo.length });
    const halved = plan.search.places.filter(({ rungs }) => rungs);
    const epochs = new Map(
      halved.flatMap((place) =>
        place.candidates.flatMap(({ runs }) => runs.map(({ folder }) => [folder, place.meanEpochs] as const)),
      ),
    );
    const models = await measureModels(
      todo,
      jobs,
      executor,
      (run) => epochs.get(run.folder) ?? run.experiment.train.epochs,
    );
    const searches = plan.search.places.map(({ label, point: axis, candidates }) => {
      return { label, axis, combinations: candidates.length };
    });
    const linesOf = (all: readonly Run[]) => Promise.all(all.map((run) => lineOf(run, executor.readShape)));
    return {
      name: config.name,
      folder,
      jobs,
      tuning: await linesOf(tuning),
      runs: await linesOf(runs),
      searches,
      tuned,
      models,
      secondsAtMost: secondsTogether(models, jobs),
    };
  });
}

/** Whether every rung of a search has ended. */
function isFinished({ rung }: Search): boolean {
  for (let index = 0; ; index++) {
    const runs = rung(index);
    if (runs.length === 0) return true;
    if (runs.some(({ state }) => state !== 'finished')) return false;
  }
}

async function lineOf(run: Run, readShape: ReadShape): Promise<PlanLine> {
  const { label, point: axis, values, tasks, seed, hash8, folder: path, state, experiment } = run;
  const parameters = parametersOf(experiment, (await readShape(experiment)).model);
  const optional = { ...(values ? { values } : {}), ...(tasks ? { tasks } : {}) };
  return { label, axis, ...optional, seed, hash8, path, finished: state === 'finished', parameters };
}

/** Total time on `jobs` processes, at least the time of the longest run. */
function secondsTogether(models: readonly ModelPlan[], jobs: number): number {
  const sum = models.reduce((seconds, model) => seconds + model.unfinished * model.secondsAtMost, 0);
  return Math.max(sum / jobs, ...models.map(({ secondsAtMost }) => secondsAtMost));
}

/** Groups runs that take the same time, and measures each kind of training step once. */
async function measureModels(
  runs: readonly Run[],
  jobs: number,
  executor: MeasuringExecutor,
  epochsOf: (run: Run) => number,
): Promise<readonly ModelPlan[]> {
  const steps = new Map<string, Experiment>();
  const all: { readonly step: string; readonly run: Run }[] = [];
  for (const run of runs) {
    const step = await stepOf(run, executor.readShape);
    all.push({ step, run });
    if (!steps.has(step)) steps.set(step, run.experiment);
  }
  const measured = await executor.measure([...steps.values()], jobs);
  const speeds = new Map([...steps.keys()].map((step, index) => [step, measured[index]]));
  const groups = groupedBy(all, ({ step, run }) => [step, epochsOf(run), run.experiment.train.earlyStopping]);
  return Promise.all(
    groups.map(async (alike) => {
      const [{ step, run: first }] = alike;
      const { label, experiment } = first;
      const speed = must(speeds.get(step), `the speed of ${label}`);
      const time = timeOf(experiment, epochsOf(first), (await executor.readShape(experiment)).rows, speed);
      return { label, values: common(alike.map(({ run }) => run)), unfinished: alike.length, ...time };
    }),
  );
}

/**
 * A key that is equal for runs whose training steps take the same time: rates, such as a dropout, are only 0 or not.
 */
async function stepOf({ label, experiment }: Run, readShape: ReadShape): Promise<string> {
  const { model, rows } = await readShape(experiment);
  const { optimizer, epochs: _, earlyStopping: __, ...train } = experiment.train;
  const plain = (_: string, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? 0.5 : value);
  const kinds = JSON.stringify([optimizer, experiment.loss], (_, value) => (typeof value === 'number' ? 0 : value));
  return JSON.stringify([label, experiment.model, train, kinds, rows, parametersOf(experiment, model)], plain);
}

function common(runs: readonly Run[]): AxisPoint {
  const [first, ...others] = runs.map(({ point, values }) => ({ ...point, ...values }));
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(([key, value]) =>
      others.every((other) => JSON.stringify(other[key]) === JSON.stringify(value)),
    ),
  );
}

const evaluationCost = 1 / 3; // cost per row relative to a training step: forward pass only

function timeOf(
  { tasks, model, train }: Experiment,
  epochs: number,
  rows: Awaited<ReturnType<ReadShape>>['rows'],
  { samplesPerSecond, compileSeconds }: Speed,
): Omit<ModelPlan, 'label' | 'values' | 'unfinished'> {
  // a joint model selects one epoch jointly and one per task
  const selected = model.type === baseline ? 1 : 1 + tasks.length;
  const evaluated = (epochs + selected) * rows.validation + selected * rows.test;
  return {
    epochs: Math.round(10 * epochs) / 10,
    stepsPerEpoch: Math.ceil(rows.train / train.batchSize),
    samplesPerSecond,
    secondsAtMost: compileSeconds + (epochs * rows.train + evaluationCost * evaluated) / samplesPerSecond,
  };
}
