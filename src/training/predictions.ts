import { readFile } from 'node:fs/promises';
import { Field, makeTable, Schema, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { z } from 'zod';
import type { Dataset, Task } from '../data/dataset.js';
import type { TaskScores } from '../metrics/samples.js';
import { DataError } from '../support/errors.js';
import { writeWhole } from '../support/files.js';
import { jsonOrNull } from '../support/json.js';
import type { Evaluation } from './evaluation.js';

/**
 * Writes an Arrow file with a row per row of the split. Its float32 columns are `<task>.logit`, `<task>.label` and
 * `<task>.mask` (a row's weight in the task's sample space, 1 without weights). Data that name a group have an int32
 * column `group`. A logit column's metadata have `offset` and `scale`: a regression prediction in the label's units is
 * logit * scale + offset, or with `link` = `log` the exponential of that.
 *
 * A multiclass task has a column `<task>.logit.<class>` for each class. Its label is the index of a class in `classes`
 * of the label column's metadata, a JSON list of their texts.
 */
export async function writePredictions(path: string, dataset: Dataset, evaluation: Evaluation): Promise<void> {
  const columns: Record<string, Float32Array | Int32Array> = {};
  const metadata = new Map<string, Map<string, string>>();
  for (const [index, task] of dataset.tasks.entries()) {
    const { name, classes } = task;
    const scores = evaluation.tasks[index];
    if (!scores) throw new Error(`Task '${name}' was not evaluated.`);
    const rows = scores.labels.length;
    for (const [output, column] of logitColumns(task).entries()) {
      columns[column] = scores.logits.subarray(output * rows, (output + 1) * rows);
      metadata.set(column, labelUnits(task));
    }
    columns[`${name}.label`] = scores.labels;
    columns[`${name}.mask`] = scores.mask;
    if (classes) metadata.set(`${name}.label`, new Map([['classes', JSON.stringify(classes)]]));
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

function logitColumns({ name, classes }: Pick<Task, 'name' | 'classes'>): readonly string[] {
  return classes ? classes.map((text) => `${name}.logit.${text}`) : [`${name}.logit`];
}

function labelUnits({ type, offset, scale, link }: Task): Map<string, string> {
  if (type === 'multiclass') return new Map();
  return new Map([['offset', String(offset)], ['scale', String(scale)], ...(link ? [['link', link] as const] : [])]);
}

/** A task's predictions of the test split. */
export interface TaskPredictions {
  readonly task: Task;
  readonly scores: TaskScores;
}

/**
 * Reads the named tasks, in their order, from a file of `writePredictions`.
 * @param mend the fix for a damaged file: a sentence
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
  const table = tableIfComplete(bytes);
  if (!table) {
    const isWhole = !bytes.subarray(0, magic.length).equals(magic) || bytes.subarray(-magic.length).equals(magic);
    throw new DataError(`Cannot read ${path}: it is ${isWhole ? 'not an Arrow file' : 'cut short'}. ${mend}`);
  }
  const groups: unknown = table.getChild('group')?.toArray();
  return tasks.map((task) => {
    const { scores, ...rest } = taskPredictions(table, task, (what) => new DataError(`${path}${what}. ${mend}`));
    return { ...rest, scores: groups instanceof Int32Array ? { ...scores, groups } : scores };
  });
}

function taskPredictions(
  table: Table,
  { name, type }: Pick<Task, 'name' | 'type'>,
  damaged: (what: string) => DataError,
): TaskPredictions {
  const column = (name: string): Float32Array => {
    const values: unknown = table.getChild(name)?.toArray();
    if (values instanceof Float32Array) return values;
    throw damaged(` has no float32 column '${name}'`);
  };
  const metadataOf = (name: string) => table.schema.fields.find((field) => field.name === name)?.metadata;
  const logitMetadata = metadataOf(`${name}.logit`);
  const number = (key: string) => Number(logitMetadata?.get(key));
  const isMulticlass = type === 'multiclass';
  const units = isMulticlass ? { offset: 0, scale: 1 } : { offset: number('offset'), scale: number('scale') };
  const classes = isMulticlass ? classesIn(metadataOf(`${name}.label`)) : undefined;
  if (isMulticlass && !classes) throw damaged(`: the column '${name}.label' does not name the classes in its metadata`);
  return {
    task: { name, type, ...units, ...linkIn(logitMetadata), ...(classes ? { classes } : {}) },
    scores: {
      logits: oneAfterTheOther(logitColumns({ name, classes }).map(column)),
      labels: column(`${name}.label`),
      mask: column(`${name}.mask`),
    },
  };
}

function linkIn(metadata: Map<string, string> | undefined): Pick<Task, 'link'> {
  return metadata?.get('link') === 'log' ? { link: 'log' } : {};
}

const texts = z.array(z.string()).min(2);

function classesIn(metadata: Map<string, string> | undefined): readonly string[] | undefined {
  return texts.safeParse(jsonOrNull(metadata?.get('classes') ?? '')).data;
}

function oneAfterTheOther(columns: readonly Float32Array[]): Float32Array {
  const [first] = columns;
  if (first && columns.length === 1) return first;
  const all = new Float32Array(columns.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const values of columns) {
    all.set(values, filled);
    filled += values.length;
  }
  return all;
}

/** The bytes at both ends of a file in Arrow's file format. */
const magic = Buffer.from('ARROW1');

/** Undefined for bytes that are no complete Arrow table. */
function tableIfComplete(bytes: Buffer): Table | undefined {
  try {
    const table = tableFromIPC(bytes);
    return table.schema.fields.length > 0 ? table : undefined;
  } catch {
    return undefined;
  }
}
