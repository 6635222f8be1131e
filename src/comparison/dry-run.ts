import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import type { Experiment } from '../config/experiment.js';
import { baseline } from '../models/catalogue.js';
import type { ComparisonOptions, Executor, Speed } from './execute/executor.js';
import { withLocalProcesses } from './execute/local-processes.js';
import { parametersOf, type ReadShape } from './plan/data-shapes.js';
import { makePlan } from './plan/plan.js';
import { type Run, unfinished } from './plan/run.js';

/** What a comparison would train. */
export interface ComparisonPlan {
  readonly name: string;
  readonly folder: string;
  readonly jobs: number;
  /** The runs of `tune`. They come first. */
  readonly tuning: readonly RunPlan[];
  readonly runs: readonly RunPlan[];
  /** False: `tune` has not chosen values yet. `runs` then have the config's values, and one run may become several. */
  readonly tuned: boolean;
  readonly models: readonly ModelPlan[];
  /** Time for all unfinished runs if none stops early. */
  readonly secondsAtMost: number;
}

interface RunPlan {
  readonly label: string;
  readonly axis: AxisPoint;
  /** The values that a run of `tune` tries. */
  readonly values?: AxisPoint;
  /** The tasks that are reported from this run. Absent: all tasks. */
  readonly tasks?: readonly string[];
  readonly seed: number;
  readonly hash8: string;
  /** Path relative to the comparison's folder. Runs of the same experiment share it. */
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
    const tuned = plan.search.runs.every(({ state }) => state === 'finished');
    const decided = tuned ? plan.decide() : undefined;
    if (decided) on({ kind: 'decided', changes: decided });
    const runs = await plan.runs(decided, config.seeds);
    const todo = unfinished([...plan.search.runs, ...runs]);
    const jobs = await executor.jobsFor(todo);
    if (todo.length > 0) on({ kind: 'measuring', what: 'models' });
    const models = await measureModels(todo, jobs, executor);
    const plansOf = (all: readonly Run[]) => Promise.all(all.map((run) => runPlan(run, executor.readShape)));
    return {
      ...{ name: config.name, folder, jobs, tuning: await plansOf(plan.search.runs), runs: await plansOf(runs) },
      ...{ tuned, models, secondsAtMost: secondsTogether(models, jobs) },
    };
  });
}

async function runPlan(run: Run, readShape: ReadShape): Promise<RunPlan> {
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

/** Measures each combination of model, training options and size of the data once. */
async function measureModels(runs: readonly Run[], jobs: number, executor: Executor): Promise<readonly ModelPlan[]> {
  const groups = new Map<string, [Run, ...Run[]]>();
  for (const run of runs) {
    const { model, rows } = await executor.readShape(run.experiment);
    const { model: options, train } = run.experiment;
    const key = JSON.stringify([run.label, options, train, rows, parametersOf(run.experiment, model)]);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  const kinds = [...groups.values()];
  const speeds = await executor.measure(
    kinds.map(([{ experiment }]) => experiment),
    jobs,
  );
  return Promise.all(
    kinds.map(async (alike, index) => {
      const [{ label, experiment }] = alike;
      const speed = speeds[index];
      if (!speed) throw new Error(`'${label}' was not measured.`);
      const time = timeOf(experiment, (await executor.readShape(experiment)).rows, speed);
      return { label, values: common(alike), unfinished: alike.length, ...time };
    }),
  );
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
  rows: Awaited<ReturnType<ReadShape>>['rows'],
  { samplesPerSecond, compileSeconds }: Speed,
): Omit<ModelPlan, 'label' | 'values' | 'unfinished'> {
  const selected = model.type === baseline ? 1 : 1 + tasks.length; // a joint model selects one epoch jointly and one per task
  const evaluated = (train.epochs + selected) * rows.validation + selected * rows.test;
  return {
    epochs: train.epochs,
    stepsPerEpoch: Math.ceil(rows.train / train.batchSize),
    samplesPerSecond,
    secondsAtMost: compileSeconds + (train.epochs * rows.train + evaluationCost * evaluated) / samplesPerSecond,
  };
}
