import { loaders } from '../data/catalogue.js';
import { type Dataset, outputCount, type Task } from '../data/dataset.js';
import { project } from '../data/encode/project.js';
import type { Encoding } from '../data/encoding.js';
import type { Dialect, LoaderContext, RowReading } from '../data/loader.js';
import { type NewRows, openNewRows } from '../data/table/table-loader.js';
import type { OutputColumn, RowGroup } from '../data/write/write-file.js';
import type { Engine, Program, Signature } from '../engine/engine.js';
import { inLabelUnits, sigmoid, type TaskScores } from '../metrics/samples.js';
import { models } from '../models/catalogue.js';
import type { Model } from '../models/model.js';
import { hasManyRows } from '../optimizers/optimizer.js';
import type { HostArray } from '../support/arrays.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import { type ScoredBatch, scoredBatches } from '../training/evaluation.js';
import { modelShape } from '../training/setup.js';
import { batchArrays, evaluationStep, rowIndexes } from '../training/step.js';
import { storedSets, type TrainedModel } from './trained-run.js';

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

interface RowOptions {
  /** Columns that are copied to the output. */
  readonly keep: readonly string[];
  /** The text files' dialect, where it differs from the run's own. */
  readonly dialect: Dialect;
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
    inputs: encoding.columns.map(({ name, kind, cells }) => ({ name, kind: kinds[kind], cells })),
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

/** Compiles a model that predicts rows, each task with the parameters that serve it. */
export async function openScorer(run: TrainedModel, dataset: Dataset, engine: Engine) {
  const { experiment } = run;
  const model = models.get(experiment.model.type).build(modelShape(dataset), experiment.model);
  const { batchSize } = experiment.train;
  const batch = batchArrays(dataset, batchSize).inputs;
  const program = await servedProgram(engine, model, batch, dataset.tasks, storedSets(model, run));
  return {
    /** All rows, batch by batch. @throws NotFinite */
    async *score(rows: Dataset): AsyncGenerator<readonly ScoredBatch[]> {
      let row = 0;
      for await (const batches of scoredBatches(program, rows, 'test', batchSize)) {
        for (const batch of batches) {
          for (const [t, { name }] of rows.tasks.entries())
            for (const logits of batch.logits(t)) {
              const at = logits.findIndex((logit) => !Number.isFinite(logit));
              if (at >= 0) throw new NotFinite(name, row + at);
            }
          row += batch.rows;
        }
        yield batches;
      }
    },
    release: () => program.release(),
  };
}

/** Predicts all rows, batch by batch. @throws NotFinite */
export async function* scoredRows(
  run: TrainedModel,
  dataset: Dataset,
  engine: Engine,
): AsyncGenerator<readonly ScoredBatch[]> {
  const scorer = await openScorer(run, dataset, engine);
  try {
    yield* scorer.score(dataset);
  } finally {
    await scorer.release();
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
  const double = twice(names);
  if (double !== undefined)
    throw new ConfigError(
      `Two predictions would be written as '${double}': rename one of their tasks or classes, and train again.`,
    );
  const keptTwice = twice(keep);
  if (keptTwice !== undefined) throw new ConfigError(`--keep ${keptTwice}: it is named twice.`);
  const taken = keep.find((name) => twice([...names, name]) !== undefined);
  if (taken !== undefined)
    throw new ConfigError(`--keep ${taken}: the predictions have a column of this name. Rename that of the rows.`);
}

function twice(names: readonly string[]): string | undefined {
  const small = names.map((name) => name.toLowerCase()); // DuckDB, which writes the files, takes such names for one
  return names.find((_, index) => small.indexOf(small[index] ?? '') < index);
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
 * A model's evaluation, each task by the parameters that serve it. One compiled step runs a chunk once with each set,
 * and a task's logits are taken from the run with its own.
 */
async function servedProgram(
  engine: Engine,
  model: Model,
  batch: Signature['batch'],
  tasks: readonly Task[],
  sets: TrainedModel['sets'],
): Promise<Pick<Program, 'run' | 'release' | 'transfers'>> {
  const [first, ...others] = sets;
  const step = evaluationStep(model, () => undefined);
  const state = must(first, 'parameters').parameters;
  const large = Object.entries(model.parameters).flatMap(([name, { rows, shape }]) =>
    rows && hasManyRows(shape) ? [name] : [],
  );
  const program = await engine.compile(step, { state, batch, rows: rowIndexes(model, large, state) });
  if (others.length === 0) return program;
  const setOf = ({ name }: Task) => sets.findIndex((set) => set.tasks.includes(name));
  const ofOutput = tasks.flatMap((task) => Array<number>(outputCount(task)).fill(setOf(task)));
  const order = [...sets.keys()];
  let inPlace = 0;
  return {
    ...(program.transfers && { transfers: program.transfers }),
    async run(chunk) {
      let whole: HostArray | undefined;
      for (const index of order) {
        if (index !== inPlace) await program.writeState(must(sets[index], 'set').parameters);
        inPlace = index;
        const { logits } = await program.run(chunk); // [S, outputs, B]
        if (whole && logits) takeOutputs(whole, logits, (output) => ofOutput[output] === index);
        whole ??= logits;
      }
      order.reverse(); // the next chunk begins with the set that is in place
      return { logits: must(whole, 'logits') };
    },
    release: () => program.release(),
  };
}

/** Copies the rows of some outputs. [S, outputs, B] */
function takeOutputs(to: HostArray, from: HostArray, isTaken: (output: number) => boolean): void {
  const [, outputs = 0, rows = 0] = to.shape;
  for (let begin = 0; begin < to.data.length; begin += rows)
    if (isTaken((begin / rows) % outputs)) to.data.set(from.data.subarray(begin, begin + rows), begin);
}
