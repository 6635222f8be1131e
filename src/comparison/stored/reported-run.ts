import type { AxisPoint } from '../../config/comparison.js';
import { must } from '../../support/must.js';
import { worstEnd } from '../../training/ended.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { EvaluatedRun, FinishedRun } from '../../training/finished-run.js';
import type { Decisions, RunReference } from '../comparison.js';

/** A model at one point of the axes, and its runs. */
export interface Entry<Run extends EvaluatedRun = EvaluatedRun> {
  readonly label: string;
  /** Name of the model in the config. */
  readonly type: string;
  /** Empty for a stored run alone: its config gives its place on the axes. */
  readonly point: AxisPoint;
  /** A point of the model's front: the loss weight, by key. */
  readonly values?: AxisPoint;
  /** `run` is present if and only if the status is `done`. */
  readonly runs: readonly (RunReference & { readonly run?: Run })[];
  /** What a comparison decided for it. */
  readonly decided?: Decisions;
}

/** Paths are relative to the working directory. */
export type StoredRow = Entry<FinishedRun>;

/** A trained run, and the tasks that are reported from it. */
interface Part {
  readonly tasks: readonly string[];
  readonly run: FinishedRun;
}

/** A run composed of parts. Its tasks share no parameters, so each task's result does not depend on the others. */
interface ComposedRun extends FinishedRun {
  readonly parts: readonly Part[];
}

/**
 * The run that a reference stands for: the one in its folder, or a composition of its parts. Undefined unless all parts
 * are finished.
 * @param finished Finished runs by the paths in the reference.
 */
export function reportedRun(
  { path, parts }: Pick<RunReference, 'path' | 'parts'>,
  finished: ReadonlyMap<string, FinishedRun>,
): FinishedRun | undefined {
  if (!parts) return finished.get(path);
  const tasksByRun = new Map<FinishedRun, string[]>();
  for (const [task, of] of Object.entries(parts)) {
    const run = finished.get(of);
    if (!run) return undefined;
    tasksByRun.set(run, [...(tasksByRun.get(run) ?? []), task]);
  }
  return composed(Array.from(tasksByRun, ([run, tasks]) => ({ tasks, run })));
}

/** The parts of a run: itself, or each run that it is composed of. */
export function partsOf(run: FinishedRun): readonly Part[] {
  return isComposed(run) ? run.parts : [{ tasks: Object.keys(run.result.tasks), run }];
}

/** The run as it was trained, or each run that it is composed of. */
export function trainedRuns<Run extends EvaluatedRun>(run: Run): readonly (Run | FinishedRun)[] {
  return isComposed(run) ? run.parts.map((part) => part.run) : [run];
}

function isComposed(run: EvaluatedRun): run is ComposedRun {
  return 'parts' in run;
}

/**
 * Composes a run: each task's values come from its part, and values that are the same in all parts come from the first.
 */
function composed(parts: readonly Part[]): ComposedRun {
  const runs = parts.map(({ run }) => run);
  const first = must(runs[0], 'a part');
  const names = first.experiment.tasks.map(({ name }) => name);
  const byTask = <Value>(valueIn: (run: FinishedRun, task: string) => Value): Readonly<Record<string, Value>> =>
    Object.fromEntries(
      names.flatMap((name) =>
        parts.flatMap(({ tasks, run }) => (tasks.includes(name) ? [[name, valueIn(run, name)] as const] : [])),
      ),
    );
  const parametersByTask = byTask(parametersOfTask);
  const sum = (of: readonly number[]) => of.reduce((total, value) => total + value, 0);
  const mean = (read: (run: FinishedRun) => number) => sum(runs.map(read)) / runs.length;
  const { oneEpoch: _, ...ofAll } = first.result; // no epoch is one of all parts
  const counts = Object.values(parametersByTask);
  return {
    ...first,
    parts,
    result: {
      ...ofAll,
      parameters: {
        embedding: sum(counts.map(({ embedding }) => embedding)),
        network: sum(counts.map(({ network }) => network)),
      },
      parametersByTask,
      epochs: Math.max(...runs.map(({ result }) => result.epochs)),
      bestEpoch: byTask(({ result: { bestEpoch } }, task) => bestEpoch[task] ?? 0),
      ended: worstEnd(
        parts.flatMap(({ tasks, run }) => tasks.map((task) => run.result.tasks[task]?.ended ?? run.result.ended)),
      ),
      throughput: {
        ...first.result.throughput,
        samplesPerSecond: mean(({ result }) => result.throughput.samplesPerSecond),
        stepMilliseconds: mean(({ result }) => result.throughput.stepMilliseconds),
      },
      tasks: byTask(({ result }, task) => must(result.tasks[task], `task '${task}'`)),
    },
    epochs: epochsOf(parts),
    gates: parts.flatMap(({ tasks, run }) => run.gates.filter(({ gate }) => tasks.includes(gate))),
    hasPredictions: runs.every(({ hasPredictions }) => hasPredictions),
    async predictions() {
      const found = [];
      for (const { tasks, run } of parts) {
        found.push(...(await run.predictions()).filter(({ task }) => tasks.includes(task.name)));
      }
      return found.toSorted((a, b) => names.indexOf(a.task.name) - names.indexOf(b.task.name));
    },
  };
}

function parametersOfTask({ result }: FinishedRun, task: string) {
  return must(result.parametersByTask?.[task], `parameters of task '${task}'`);
}

/** Each task's values, epoch by epoch. Steps and seconds are summed over the parts. */
function epochsOf(parts: readonly Part[]): readonly EpochRecord[] {
  const records = parts.flatMap(({ tasks, run }) => run.epochs.map((record) => ({ tasks, record })));
  const numbers = [...new Set(records.map(({ record }) => record.epoch))].toSorted((a, b) => a - b);
  return numbers.map((epoch): EpochRecord => {
    const own = records.filter(({ record }) => record.epoch === epoch);
    const ofTasks = <Value>(read: (record: EpochRecord) => Readonly<Record<string, Value>>) =>
      Object.fromEntries(
        own.flatMap(({ tasks, record }) => Object.entries(read(record)).filter(([task]) => tasks.includes(task))),
      );
    return {
      epoch,
      steps: own.reduce((sum, { record }) => sum + record.steps, 0),
      // A part's joint loss covers all of its tasks, so the composed run has none.
      train: { loss: Number.NaN, tasks: ofTasks(({ train }) => train.tasks) },
      validation: ofTasks(({ validation }) => validation),
      weights: ofTasks(({ weights }) => weights),
      seconds: own.reduce((sum, { record }) => sum + record.seconds, 0),
    };
  });
}
