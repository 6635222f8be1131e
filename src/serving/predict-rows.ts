import type { Dataset } from '../data/dataset.js';
import { outputCount } from '../data/dataset.js';
import type { OutputColumn, RowGroup } from '../data/write/write-file.js';
import type { Engine } from '../engine/engine.js';
import type { TaskScores } from '../metrics/samples.js';
import { ConfigError } from '../support/errors.js';
import { type Scale, scoreColumns, scoredRows, scoreValues } from './score-rows.js';
import type { TrainedModel } from './trained-run.js';

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
  return names.find((_, place) => small.indexOf(small[place] ?? '') < place);
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
  run: TrainedModel,
  dataset: Dataset,
  engine: Engine,
  onRows: OnRows,
): Promise<readonly TaskScores[]> {
  const { rows, groups } = dataset.splits.test;
  const ofRows = await groups?.();
  const tasks = dataset.tasks.map((task) => ({
    logits: new Float32Array(outputCount(task) * rows), // [outputs, rows]
    labels: new Float32Array(rows),
    mask: new Float32Array(rows),
    ...(ofRows ? { groups: ofRows } : {}),
  }));
  let done = 0;
  for await (const batches of scoredRows(run, dataset, engine)) {
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
