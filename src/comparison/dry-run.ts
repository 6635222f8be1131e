import { join } from 'node:path';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import type { Experiment } from '../config/experiment.js';
import { lookAtMachine } from '../engine/choose-device.js';
import { baseline } from '../models/catalogue.js';
import { createWorkers, type Workers } from './execute/jobs.js';
import { measureModel } from './execute/measure.js';
import { createShapeReader } from './execute/shape-reader.js';
import { type SharedDevices, shareDevices } from './execute/shared-devices.js';
import { fastestJobs } from './execute/stage.js';
import { checkData } from './plan/data-checks.js';
import { parametersOf, type ReadShape } from './plan/data-shapes.js';
import { createMatching, decide, planSearch, type Search } from './plan/decided-changes.js';
import { placeRuns } from './plan/placed-runs.js';
import { type PlannedRun, planRuns } from './plan/plan.js';
import type { ComparisonOptions } from './run-comparison.js';

/** What a comparison would train. */
export interface ComparisonPlan {
  readonly name: string;
  readonly folder: string;
  readonly jobs: number;
  /** The runs of `tune`, which come first. */
  readonly tuning: readonly RunPlan[];
  readonly runs: readonly RunPlan[];
  /** False: `tune` has not chosen values yet, and `runs` are as if it left the config's; one may become several. */
  readonly tuned: boolean;
  readonly models: readonly ModelPlan[];
  /** Of what is not finished, if no run stops early. */
  readonly secondsAtMost: number;
}

interface RunPlan {
  readonly label: string;
  readonly axis: AxisPoint;
  /** What a run of `tune` tries. */
  readonly values?: AxisPoint;
  /** What is reported from it; absent: all tasks. */
  readonly tasks?: readonly string[];
  readonly seed: number;
  readonly hash8: string;
  /** Relative to the comparison's folder; runs that are the same experiment have the same. */
  readonly path: string;
  readonly finished: boolean;
  readonly parameters: { readonly embedding: number; readonly network: number };
}

/** Runs that take the same time. */
interface ModelPlan {
  readonly label: string;
  /** What they have in common: where they lie on the axes, and what `tune` tries. */
  readonly values: AxisPoint;
  readonly unfinished: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly samplesPerSecond: number;
  /** Of one run. */
  readonly secondsAtMost: number;
}

/** Plans a comparison, measures a few steps of each model, and writes nothing. */
export async function planComparison(
  config: ComparisonConfig,
  options: Pick<ComparisonOptions, 'runs' | 'jobs' | 'on' | 'signal' | 'halt'>,
): Promise<ComparisonPlan> {
  const devices = await shareDevices(config, lookAtMachine(options.signal));
  for (const message of devices.notes) options.on({ kind: 'note', message });
  const workers = createWorkers();
  const stop = () => workers.stop();
  const kill = () => workers.kill();
  options.signal.addEventListener('abort', stop);
  options.halt.addEventListener('abort', kill);
  try {
    return await planWith(workers, devices, config, options);
  } finally {
    options.signal.removeEventListener('abort', stop);
    options.halt.removeEventListener('abort', kill);
    await workers.release();
  }
}

async function planWith(
  workers: Workers,
  devices: SharedDevices,
  config: ComparisonConfig,
  { runs, jobs: wanted, on, signal }: Parameters<typeof planComparison>[1],
): Promise<ComparisonPlan> {
  const folder = join(runs, config.name);
  const readShape = createShapeReader(workers, (report) => {
    if (report.kind === 'note' || report.kind === 'reading') on(report);
  });
  await checkData(config, readShape);
  const matching = await createMatching(config, readShape);
  const search = await planSearch(config, folder, matching, on, signal);
  const tuned = search.placed.every(({ finished }) => finished);
  const decided = tuned ? decide(config, matching, search) : undefined;
  if (decided) on({ kind: 'decided', changes: decided });
  const planned = planRuns(config, (label, point) => {
    const [only = {}, ...others] = config.settings(label);
    return decided?.of(label, point) ?? [matching(label, point, others.length > 0 ? {} : only)];
  });
  const placed = await placeRuns(planned, folder, on, signal);
  const unfinished = distinct([...search.placed, ...placed].filter(({ finished }) => !finished));
  const common = { workers, devices, readShape, predictions: false, metrics: config.metrics, signal, on };
  const jobs = Math.max(1, Math.min(wanted ?? (await fastestJobs(unfinished, common)), unfinished.length));
  if (unfinished.length > 0) on({ kind: 'measuring', what: 'models' });
  const models = await measureAll(unfinished, jobs, { workers, devices, readShape, on });
  const plansOf = (all: Search['placed']) =>
    Promise.all(
      all.map(async ({ label, point, values, tasks, seed, hash8, folder: path, finished, experiment }) => {
        const parameters = parametersOf(experiment, (await readShape(experiment)).model);
        const optional = { ...(values ? { values } : {}), ...(tasks ? { tasks } : {}) };
        return { label, axis: point, ...optional, seed, hash8, path, finished, parameters };
      }),
    );
  return {
    name: config.name,
    folder,
    jobs,
    tuning: await plansOf(search.placed),
    runs: await plansOf(placed),
    tuned,
    models,
    secondsAtMost: secondsTogether(models, jobs),
  };
}

/** No less than the longest run takes alone. */
function secondsTogether(models: readonly ModelPlan[], jobs: number): number {
  const sum = models.reduce((seconds, model) => seconds + model.unfinished * model.secondsAtMost, 0);
  return Math.max(sum / jobs, ...models.map(({ secondsAtMost }) => secondsAtMost));
}

function distinct<Run extends { readonly hash8: string }>(runs: readonly Run[]): Run[] {
  return [...new Map(runs.map((run) => [run.hash8, run])).values()];
}

/** Models of the same size, on data of the same size, are measured once. */
async function measureAll(
  runs: readonly PlannedRun[],
  jobs: number,
  {
    workers,
    devices,
    readShape,
    on,
  }: Pick<ComparisonOptions, 'on'> & {
    readonly workers: Workers;
    readonly devices: SharedDevices;
    readonly readShape: ReadShape;
  },
): Promise<readonly ModelPlan[]> {
  const groups = new Map<string, PlannedRun[]>();
  for (const run of runs) {
    const { model, rows } = await readShape(run.experiment);
    const { model: options, train } = run.experiment;
    const key = JSON.stringify([run.label, options, train, rows, parametersOf(run.experiment, model)]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const waiting = [...groups.values()].entries();
  const plans: ModelPlan[] = [];
  let done = 0;
  await Promise.all(
    Array.from({ length: jobs }, async (_, place) => {
      for (const [index, [first, ...others]] of waiting) {
        if (!first) throw new Error('A group has a run.');
        const measured = await measureModel(first.experiment, place, { workers, devices, jobs, on: () => undefined });
        const plan = timeOf(first.experiment, (await readShape(first.experiment)).rows, measured);
        plans[index] = {
          label: first.label,
          values: common([first, ...others]),
          unfinished: 1 + others.length,
          ...plan,
        };
        on({ kind: 'measured', done: ++done, of: groups.size });
      }
    }),
  );
  return plans;
}

function common(runs: readonly PlannedRun[]): AxisPoint {
  const [first, ...others] = runs.map(({ point, values }) => ({ ...point, ...values }));
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(([key, value]) =>
      others.every((other) => JSON.stringify(other[key]) === JSON.stringify(value)),
    ),
  );
}

const evaluationCost = 1 / 3; // of a row, by a training step's: forward without backward and update

function timeOf(
  { tasks, model, train }: Experiment,
  rows: Awaited<ReturnType<ReadShape>>['rows'],
  { samplesPerSecond, compileSeconds }: { readonly samplesPerSecond: number; readonly compileSeconds: number },
): Omit<ModelPlan, 'label' | 'values' | 'unfinished'> {
  const selected = model.type === baseline ? 1 : 1 + tasks.length; // a joint model's best epoch, and those of its tasks alone
  const evaluated = (train.epochs + selected) * rows.validation + selected * rows.test;
  return {
    epochs: train.epochs,
    stepsPerEpoch: Math.ceil(rows.train / train.batchSize),
    samplesPerSecond,
    secondsAtMost: compileSeconds + (train.epochs * rows.train + evaluationCost * evaluated) / samplesPerSecond,
  };
}
