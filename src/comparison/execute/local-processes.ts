import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ComparisonConfig } from '../../config/comparison.js';
import { lookAtMachine } from '../../engine/devices/choose-device.js';
import { bestSoFar } from '../../training/best-so-far.js';
import { readResult } from '../../training/result.js';
import { judge } from '../gains/measured.js';
import { dataOf, type ReadShape } from '../plan/data-shapes.js';
import { type Run, unfinished } from '../plan/run.js';
import type { ExecutorOptions, MeasuringExecutor, Outcome, Speed, Stage } from './executor.js';
import { candidates, largestFirst, measureJobs, measureModel, modelSizes } from './measure.js';
import type { Failed, Report } from './messages.js';
import { deviceFor, type SharedDevices, shareDevices } from './shared-devices.js';
import { errorOf } from './worker-process.js';
import { createWorkers, type Workers } from './workers.js';

/**
 * Trains runs in child processes of this machine, several at a time. The processes end when `use` returns.
 * @throws ConfigError, before `use`, for a device that cannot be used.
 */
export async function withLocalProcesses<Made>(
  config: ComparisonConfig,
  options: ExecutorOptions,
  use: (executor: MeasuringExecutor) => Promise<Made>,
): Promise<Made> {
  const devices = await shareDevices(config, lookAtMachine(options.signal));
  const workers = createWorkers();
  const stop = () => workers.stop();
  const kill = () => workers.kill();
  options.signal.addEventListener('abort', stop);
  options.halt.addEventListener('abort', kill);
  try {
    for (const message of devices.notes) options.on({ kind: 'note', message });
    return await use(localProcesses({ workers, devices, metrics: config.metrics, ...options }));
  } finally {
    options.signal.removeEventListener('abort', stop);
    options.halt.removeEventListener('abort', kill);
    await workers.release();
  }
}

interface Local extends Omit<ExecutorOptions, 'halt'> {
  readonly workers: Workers;
  readonly devices: SharedDevices;
  /** The metric by task, for tasks that do not use the default metric of their type. */
  readonly metrics: Readonly<Record<string, string>>;
}

export function localProcesses({
  workers,
  devices,
  metrics,
  jobs,
  predictions,
  force = false,
  signal,
  on,
}: Local): MeasuringExecutor {
  const onReading = (report: Report) => {
    if (report.kind === 'note' || report.kind === 'reading') on(report);
  };
  const readShape = shapeReader(workers, onReading);
  const fastest = new Map<string, number>(); // fastest number of jobs, by model size and data
  return { readShape, jobsFor, execute, measure };

  /** The number of jobs at which the largest of these models trains fastest. Measured only if there is a choice. */
  async function jobsFor(runs: readonly Run[]): Promise<number> {
    const atMost = (count: number) => Math.max(1, Math.min(count, runs.length));
    if (jobs !== undefined) return atMost(jobs);
    const sizes = [...(await modelSizes(runs, readShape)).values()];
    const [largest] = sizes.toSorted((a, b) => b.size - a.size);
    const choices = candidates(availableParallelism(), runs.length);
    const [only = 1, ...others] = choices;
    if (!largest || others.length === 0) return only;
    const { experiment } = largest.run;
    const key = JSON.stringify([dataOf(experiment), experiment.model, experiment.train.batchSize, choices]);
    const known = fastest.get(key);
    if (known !== undefined) return known;
    on({ kind: 'measuring', what: 'jobs' });
    const [first] = await measureJobs(experiment, choices, { workers, devices, on: onReading });
    const found = atMost(first?.jobs ?? 1);
    fastest.set(key, found);
    return found;
  }

  async function measure(
    experiments: Parameters<MeasuringExecutor['measure']>[0],
    count: number,
  ): Promise<readonly Speed[]> {
    const speeds: Speed[] = [];
    const waiting = experiments.entries();
    await inPlaces(count, async (place) => {
      for (const [index, experiment] of waiting) {
        const options = { workers, devices, jobs: count, on: () => undefined };
        speeds[index] = await measureModel(experiment, place, options);
        on({ kind: 'measured', done: Object.keys(speeds).length, of: experiments.length });
      }
    });
    return speeds;
  }

  async function execute(stage: Stage, runs: readonly Run[], folder: string): Promise<readonly Run[]> {
    const todo = unfinished(runs);
    if (signal.aborted) return runs;
    await readData(todo);
    const count = await jobsFor(todo);
    if (signal.aborted) return runs;
    const threads = deviceFor(devices, count, 0).threads ?? availableParallelism();
    const distinct = new Set(runs.map((run) => run.folder)).size;
    on({ kind: 'planned', stage, runs: distinct, unfinished: todo, jobs: count, threads });
    const waiting = count === 1 ? todo : [...(await largestFirst(todo, readShape))];
    const outcomes = new Map<string, Outcome>(); // by folder
    await inPlaces(Math.min(count, waiting.length), async (place) => {
      for (;;) {
        const run = signal.aborted ? undefined : waiting.shift();
        if (!run) return;
        on({ kind: 'begun', run, place });
        const started = performance.now();
        const path = join(folder, run.folder);
        const outcome = await train(run, { path, place, count, predictions: stage === 'runs' && predictions });
        outcomes.set(run.folder, outcome);
        const seconds = (performance.now() - started) / 1000;
        on({
          kind: 'ended',
          run,
          outcome,
          seconds,
          scores: outcome.status === 'done' ? scoresOf(stage, run, path, metrics) : [],
        });
      }
    });
    return runs.map((run) => ({ ...run, state: stateAfter(outcomes.get(run.folder)) ?? run.state }));
  }

  /** Trains one run. If the worker is killed, it is restarted once per run and continues from the checkpoint. */
  async function train(
    run: Run,
    {
      path,
      place,
      count,
      predictions,
    }: { readonly path: string; readonly place: number; readonly count: number; readonly predictions: boolean },
  ): Promise<Outcome> {
    const { experiment, until } = run;
    const order = {
      kind: 'run',
      experiment,
      path,
      engine: deviceFor(devices, count, place),
      predictions,
      force,
      ...(until === undefined ? {} : { until }),
    } as const;
    for (let attempt = 1; ; attempt++) {
      const answer = await workers.at(place).ask(order, (report) => on({ kind: 'report', run, report }));
      if (answer.kind === 'done') return { status: 'done' };
      if (answer.kind === 'interrupted' || signal.aborted) return { status: 'interrupted' };
      if (answer.kind === 'failed') {
        if (answer.exitCode === null) await workers.at(place).release(); // a bug may have left the worker in an undefined state
        return { status: 'failed', message: messageOf(answer) };
      }
      if (answer.kind !== 'lost') throw new Error(`A worker answered a run with '${answer.kind}'.`);
      if (answer.signal === null || attempt === 2) return { status: 'failed', message: answer.message };
      on({ kind: 'started again', run, reason: answer.message });
    }
  }

  /**
   * Fails early on mistakes that every run would have: unknown tasks, a missing file. The workers keep the data for
   * their first runs. If runs use different data, each run reports its own mistake.
   */
  async function readData(runs: readonly Run[]): Promise<void> {
    const [first] = runs;
    const data = new Set(runs.map(({ experiment }) => dataOf(experiment)));
    if (!first || data.size !== 1) return;
    const { experiment } = first;
    const others = Array.from({ length: Math.min(jobs ?? 1, runs.length) - 1 }, (_, index) =>
      workers.at(index + 1).ask({ kind: 'shape', experiment }, () => undefined),
    );
    try {
      await readShape(experiment);
    } finally {
      await Promise.all(others); // a worker executes one order at a time; its run will report what went wrong
    }
  }
}

/** Scores of a run for display: on the test split, or on validation for tuning runs, whose best epoch so far counts. */
export function scoresOf(stage: Stage, run: Run, path: string, metrics: Local['metrics']) {
  const { experiment, tasks, until } = run;
  const result = readResult(path);
  const soFar = until === undefined ? result?.tasks : bestSoFar(path, experiment, until).tasks;
  const reported = experiment.tasks.filter(({ name }) => tasks?.includes(name) ?? true);
  return reported.map((task) => {
    const { metric } = judge(task, metrics);
    const found = stage === 'tuning' ? soFar?.[task.name]?.validation : result?.tasks[task.name]?.test;
    const value = found?.[metric.name];
    return { task: task.name, metric: metric.name, value: typeof value === 'number' ? value : null };
  });
}

/** Assumes that the seed of an experiment does not change any shape. */
export function shapeReader(workers: Workers, on: (report: Report) => void): ReadShape {
  const shapes = new Map<string, ReturnType<ReadShape>>();
  let last: Promise<unknown> = Promise.resolve(); // a worker executes one order at a time
  return (experiment) => {
    const key = dataOf(experiment);
    const known = shapes.get(key);
    if (known) return known;
    const asked = last.then(async () => {
      const answer = await workers.at(0).ask({ kind: 'shape', experiment }, on);
      if (answer.kind !== 'shape') throw errorOf(answer);
      return answer;
    });
    last = asked.catch(() => undefined);
    shapes.set(key, asked);
    return asked;
  };
}

function stateAfter(outcome: Outcome | undefined): Run['state'] | undefined {
  if (outcome?.status === 'done') return 'finished';
  return outcome?.status === 'failed' ? 'failed' : undefined;
}

async function inPlaces(count: number, work: (place: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, place) => work(place)));
}

function messageOf({ message, exitCode }: Failed): string {
  return exitCode === null ? `this is a bug: ${message}` : message;
}
