import { loaders } from '../data/catalogue.js';
import { type Dataset, firstOutputs, outputCount, type Task } from '../data/dataset.js';
import { project } from '../data/encode/project.js';
import type { Encoding } from '../data/encoding.js';
import type { DialectOptions, LoaderContext, RowReading } from '../data/loader.js';
import { twiceInOneCase } from '../data/table/row-file.js';
import { type NewRows, openNewRows } from '../data/table/table-loader.js';
import type { OutputColumn, RowGroup } from '../data/write/write-file.js';
import type { Engine, Program, Signature } from '../engine/engine.js';
import { inLabelUnits, sigmoid, type TaskScores } from '../metrics/samples.js';
import type { Model } from '../models/model.js';
import { hasManyRows } from '../optimizers/optimizer.js';
import { type FloatArray, float32, type HostArray } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { type ScoredBatch, scoredBatches } from '../training/evaluation.js';
import { modelShape } from '../training/setup.js';
import { batchArrays, evaluationStep, rowIndexes } from '../training/step.js';
import { meanLogits } from './mean-logits.js';
import { type ServedSet, servedSets, type TrainedModel } from './trained-run.js';

/** New rows, encoded for the run's model. */
export interface EncodedRows extends NewRows {
  /** Its test split has the rows. Where the files have no label of a task, the task's mask is 0. */
  readonly dataset: Dataset;
  /** Where each task's labels were looked for. */
  readonly labels: RowReading['labels'];
}

const kinds = {
  vocabulary: 'categorical',
  list: 'list',
  buckets: 'numeric',
  scale: 'numeric',
  identity: 'numeric',
} as const;

/** What is read of new rows. */
export interface RowOptions {
  /** Columns that are copied to the output. */
  readonly keep: readonly string[];
  /** The text files' dialect, where it differs from the run's own. */
  readonly dialect: DialectOptions;
  /** Whether labels and weights are read. */
  readonly labels: boolean;
}

/** Reads a table's rows as the run's data were read: the same columns, missing values, vocabularies and scales. */
export async function encodedRows(
  { experiment, encoding }: TrainedModel,
  paths: readonly string[],
  { keep, dialect, labels: wantsLabels }: RowOptions,
  context: LoaderContext,
): Promise<EncodedRows> {
  const loader = loaders.all.find(({ name }) => name === experiment.dataset.loader); // undefined: its plugin is not loaded
  const reading = loader?.newRows?.(experiment.dataset);
  const labels = wantsLabels ? labelReading(encoding, reading) : {};
  const wanted = {
    inputs: encoding.columns.map(({ name, kind, cells }) => ({ ...cells, name, kind: kinds[kind] })),
    labels,
    weight: wantsLabels ? reading?.weight : undefined,
    keep,
  };
  const rows = await openNewRows(paths, wanted, { ...reading?.dialect, ...encoding.texts, ...dialect }, context);
  return { ...rows, labels, dataset: project(rows.source, encoding, experiment.inputs, experiment.tasks) };
}

/** Where each task's labels are, in the order of the run's tasks. */
function labelReading({ tasks }: Encoding, reading: RowReading | undefined): RowReading['labels'] {
  return Object.fromEntries(
    tasks.map(({ name, type, classes }) => [
      name,
      {
        ...(reading?.labels[name] ?? { regression: type === 'regression' }),
        ...(classes ? { multiclass: [...classes] } : {}),
      },
    ]),
  );
}

/** Predicts all rows, batch by batch, each task with the parameters that serve it. @throws NotFinite */
export async function* scoredRows(
  run: TrainedModel,
  dataset: Dataset,
  engine: Engine,
): AsyncGenerator<readonly ScoredBatch[]> {
  const { batchSize } = run.experiment.train;
  const batch = batchArrays(dataset, batchSize).inputs;
  const program = await servedProgram(engine, batch, dataset.tasks, servedSets(run, modelShape(dataset)));
  let row = 0;
  try {
    for await (const batches of scoredBatches(program, dataset, 'test', batchSize)) {
      for (const scored of batches) {
        refuseNotFinite(dataset.tasks, scored, row);
        row += scored.rows;
      }
      yield batches;
    }
  } finally {
    await program.release();
  }
}

/** @param first the number of the batch's first row */
function refuseNotFinite(tasks: readonly Task[], batch: ScoredBatch, first: number): void {
  for (const [t, { name }] of tasks.entries())
    for (const logits of batch.logits(t)) {
      const row = logits.findIndex((logit) => !Number.isFinite(logit));
      if (row >= 0) throw new NotFinite(name, first + row);
    }
}

/** Called with the number of rows that are done. Throws to stop. */
type OnRows = (done: number) => void;

/** The columns of the predictions, and their rows in the order of the data, a batch at a time. */
export function predictions(
  run: TrainedModel,
  dataset: Dataset,
  engine: Engine,
  scale: Scale,
  onRows: OnRows,
): { readonly columns: readonly OutputColumn[]; readonly blocks: AsyncIterable<RowGroup> } {
  return { columns: scoreColumns(dataset.tasks, scale), blocks: blocks() };

  async function* blocks(): AsyncGenerator<RowGroup> {
    let done = 0;
    for await (const batches of scoredRows(run, dataset, engine)) {
      for (const batch of batches) {
        yield scoreValues(dataset.tasks, batch, scale);
        done += batch.rows;
      }
      onRows(done);
    }
  }
}

/** Logits, labels, masks and groups of all rows, by task, for metrics. */
export async function allScores(
  dataset: Dataset,
  scored: AsyncIterable<readonly ScoredBatch[]>,
  onRows: OnRows,
): Promise<readonly TaskScores[]> {
  const { rows, groups: readGroups } = dataset.splits.test;
  const groups = await readGroups?.();
  const tasks = dataset.tasks.map((task) => ({
    logits: new Float32Array(outputCount(task) * rows), // [outputs, rows]
    labels: new Float32Array(rows),
    mask: new Float32Array(rows),
    groups,
  }));
  let done = 0;
  for await (const batches of scored) {
    for (const batch of batches) {
      for (const [t, { logits, labels, mask }] of tasks.entries()) {
        for (const [output, values] of batch.logits(t).entries()) logits.set(values, output * rows + done);
        labels.set(batch.labels(t), done);
        mask.set(batch.mask(t), done);
      }
      done += batch.rows;
    }
    onRows(done);
  }
  return tasks;
}

/** A prediction that is not finite. */
export class NotFinite extends Error {
  readonly task: string;
  /** From 0. */
  readonly row: number;

  constructor(task: string, row: number) {
    super(`The prediction of task '${task}' for row ${row + 1} is not finite`);
    this.task = task;
    this.row = row;
  }
}

/** The unit of written predictions: probabilities and predictions in the labels' units, or logits. */
export type Scale = 'label' | 'logit';

/**
 * `<task>.probability` of a binary task, `<task>.probability.<class>` of a multiclass one, `<task>.prediction` of a
 * regression; or `<task>.logit`.
 */
function scoreColumns(tasks: readonly Task[], scale: Scale): readonly OutputColumn[] {
  return tasks.flatMap(({ name, type, classes }) => {
    const what = scale === 'logit' ? 'logit' : type === 'regression' ? 'prediction' : 'probability';
    const names = classes ? classes.map((text) => `${name}.${what}.${text}`) : [`${name}.${what}`];
    return names.map((column): OutputColumn => ({ name: column, kind: 'float' }));
  });
}

/**
 * Checks that all columns of predictions and of `keep` have different names.
 * @throws ConfigError that names the equal ones.
 */
export function checkNames({ encoding }: Pick<TrainedModel, 'encoding'>, scale: Scale, keep: readonly string[]): void {
  const names = scoreColumns(encoding.tasks, scale).map(({ name }) => name);
  const double = twiceInOneCase(names);
  if (double)
    throw new ConfigError(
      `Two predictions would be written as '${double[1]}': rename one of their tasks or classes, and train again.`,
    );
  const keptTwice = twiceInOneCase(keep);
  if (keptTwice) throw new ConfigError(`--keep ${keptTwice[1]}: it is named twice.`);
  const taken = keep.find((name) => twiceInOneCase([...names, name]));
  if (taken !== undefined)
    throw new ConfigError(`--keep ${taken}: the predictions have a column of this name. Rename that of the rows.`);
}

/** The values of `scoreColumns`, as 32-bit floats. */
export function scoreValues(tasks: readonly Task[], batch: ScoredBatch, scale: Scale): RowGroup {
  return {
    rows: batch.rows,
    columns: tasks.flatMap((task, t) => {
      const logits = batch.logits(t);
      if (scale === 'logit') return logits;
      if (task.type === 'multiclass') return softmax(logits);
      const [only] = logits;
      const value = task.type === 'binary' ? sigmoid : (logit: number) => inLabelUnits(task, logit);
      return [must(only, 'logits').map(value)];
    }),
  };
}

/** The softmax of each row over the classes. [classes][rows] */
function softmax(logits: readonly Float32Array[]): Float32Array[] {
  const rows = logits[0]?.length ?? 0;
  const probabilities = logits.map(() => new Float32Array(rows));
  for (let row = 0; row < rows; row++) {
    const highest = Math.max(...logits.map((logit) => logit[row] ?? 0));
    const powers = logits.map((logit) => Math.exp((logit[row] ?? 0) - highest));
    const sum = powers.reduce((total, power) => total + power, 0);
    for (const [c, power] of powers.entries()) probabilities[c]?.set([power / sum], row);
  }
  return probabilities;
}

/**
 * The evaluation of a model's runs, each task by the parameters that serve it. A run has one compiled step, which runs a
 * chunk once with each of its sets. A task's logits are those of its set, or of the mean prediction of several.
 */
async function servedProgram(
  engine: Engine,
  batch: Signature['batch'],
  tasks: readonly Task[],
  sets: readonly ServedSet[],
): Promise<Pick<Program, 'run' | 'release' | 'transfers'>> {
  const programs = new Map<Model, { readonly program: Program; loaded: ServedSet }>();
  for (const set of sets)
    if (!programs.has(set.model))
      programs.set(set.model, { program: await evaluationProgram(engine, batch, set), loaded: set });
  const [first] = programs.values();
  const { program: only } = must(first, 'parameters');
  if (sets.length === 1) return only;
  const order = [...sets];
  return {
    ...(only.transfers && { transfers: only.transfers }),
    async run(chunk) {
      const results = new Map<ServedSet, HostArray>(); // [S, outputs, B]
      for (const set of order) {
        const compiled = must(programs.get(set.model), 'program');
        if (compiled.loaded !== set) await compiled.program.writeState(set.parameters);
        compiled.loaded = set;
        results.set(set, must((await compiled.program.run(chunk)).logits, 'logits'));
      }
      order.reverse(); // the next chunk begins with the set that is loaded
      return { logits: logitsOfTasks(tasks, sets, results) };
    },
    async release() {
      for (const { program } of programs.values()) await program.release();
    },
  };
}

/** [S, outputs, B] */
function logitsOfTasks(
  tasks: readonly Task[],
  sets: readonly ServedSet[],
  results: ReadonlyMap<ServedSet, HostArray>,
): FloatArray {
  const [any] = results.values();
  const [steps = 0, outputs = 0, rows = 0] = must(any, 'logits').shape;
  const whole = float32([steps, outputs, rows]);
  const firsts = firstOutputs(tasks);
  for (const [t, task] of tasks.entries()) {
    const ofTask = sets.filter((set) => set.tasks.includes(task.name)).map((set) => must(results.get(set), 'logits'));
    for (let step = 0; step < steps; step++) {
      const begin = (step * outputs + (firsts[t] ?? 0)) * rows;
      const logits = ofTask.map(({ data }) =>
        Float32Array.from(data.subarray(begin, begin + outputCount(task) * rows)),
      );
      const [only = []] = logits;
      whole.data.set(logits.length === 1 ? only : meanLogits(task, logits), begin);
    }
  }
  return whole;
}

function evaluationProgram(engine: Engine, batch: Signature['batch'], { model, parameters }: ServedSet) {
  const large = Object.entries(model.parameters).flatMap(([name, { rows, shape }]) =>
    rows && hasManyRows(shape) ? [name] : [],
  );
  const step = evaluationStep(model, () => undefined);
  return engine.compile(step, { state: parameters, batch, rows: rowIndexes(model, large, parameters) });
}
