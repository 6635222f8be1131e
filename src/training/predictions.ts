import { readFile } from 'node:fs/promises';
import { Field, makeTable, Schema, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import type { Dataset, Task } from '../data/dataset.js';
import type { TaskScores } from '../metrics/samples.js';
import { DataError } from '../support/errors.js';
import { writeWhole } from '../support/whole-file.js';
import type { Evaluation } from './evaluation.js';

/**
 * Writes an Arrow file with the float32 columns `<task>.logit`, `<task>.label` and `<task>.mask` (a row's weight in the task's sample space, 1
 * without weights), one row per row of the split, and the int32 column `group` for data that name a group. A logit column's metadata have `offset` and `scale`: a regression prediction in the label's units is logit * scale + offset.
 */
export async function writePredictions(path: string, dataset: Dataset, evaluation: Evaluation): Promise<void> {
  const columns: Record<string, Float32Array | Int32Array> = {};
  const metadata = new Map<string, Map<string, string>>();
  for (const [index, { name, offset, scale }] of dataset.tasks.entries()) {
    const scores = evaluation.tasks[index];
    if (!scores) throw new Error(`Task '${name}' was not evaluated.`);
    columns[`${name}.logit`] = scores.logits;
    columns[`${name}.label`] = scores.labels;
    columns[`${name}.mask`] = scores.mask;
    metadata.set(
      `${name}.logit`,
      new Map([
        ['offset', String(offset)],
        ['scale', String(scale)],
      ]),
    );
  }
  const groups = evaluation.tasks[0]?.groups;
  if (groups) columns.group = groups;
  const plain = makeTable(columns);
  const fields = plain.schema.fields.map(
    (field) => new Field(field.name, field.type, field.nullable, metadata.get(field.name)),
  );
  const table = new Table(new Schema(fields), plain.batches);
  await writeWhole(path, tableToIPC(table, 'file'));
}

/** A task's predictions of the test split. */
export interface TaskPredictions {
  readonly task: Task;
  readonly scores: TaskScores;
}

/**
 * Reads what `writePredictions` wrote: the named tasks, in their order.
 * @param mend What a user does about a damaged file: a sentence.
 * @throws DataError for a file that is missing, cut short, or without a task's columns.
 */
export async function readPredictions(
  path: string,
  tasks: readonly { readonly name: string; readonly type: Task['type'] }[],
  mend: string,
): Promise<readonly TaskPredictions[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new DataError(`Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}. ${mend}`);
  });
  const table = tableOf(bytes);
  if (!table) {
    const isWhole = !bytes.subarray(0, magic.length).equals(magic) || bytes.subarray(-magic.length).equals(magic);
    throw new DataError(`Cannot read ${path}: it is ${isWhole ? 'not an Arrow file' : 'cut short'}. ${mend}`);
  }
  const column = (name: string): Float32Array => {
    const values: unknown = table.getChild(name)?.toArray();
    if (values instanceof Float32Array) return values;
    throw new DataError(`${path} has no float32 column '${name}'. ${mend}`);
  };
  const groups: unknown = table.getChild('group')?.toArray();
  return tasks.map(({ name, type }) => {
    const field = table.schema.fields.find((candidate) => candidate.name === `${name}.logit`);
    const number = (key: string) => Number(field?.metadata.get(key));
    return {
      task: { name, type, offset: number('offset'), scale: number('scale') },
      scores: {
        logits: column(`${name}.logit`),
        labels: column(`${name}.label`),
        mask: column(`${name}.mask`),
        ...(groups instanceof Int32Array ? { groups } : {}),
      },
    };
  });
}

/** What a file in Arrow's file format begins and ends with. */
const magic = Buffer.from('ARROW1');

/** Undefined for bytes that are not, or not all of, an Arrow table. */
function tableOf(bytes: Buffer): Table | undefined {
  try {
    const table = tableFromIPC(bytes);
    return table.schema.fields.length > 0 ? table : undefined;
  } catch {
    return undefined;
  }
}
