import { rename, writeFile } from 'node:fs/promises';
import { Field, makeTable, Schema, Table, tableToIPC } from 'apache-arrow';
import type { Dataset } from '../data/dataset.js';
import type { Evaluation } from './evaluation.js';

/**
 * Writes an Arrow file with the float32 columns `<task>.logit`, `<task>.label` and `<task>.mask`, one row per row of the split.
 * A logit column's metadata have `offset` and `scale`: a regression prediction in the label's units is logit * scale + offset.
 */
export async function writePredictions(path: string, dataset: Dataset, evaluation: Evaluation): Promise<void> {
  const columns: Record<string, Float32Array> = {};
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
  const plain = makeTable(columns);
  const fields = plain.schema.fields.map(
    (field) => new Field(field.name, field.type, field.nullable, metadata.get(field.name)),
  );
  const table = new Table(new Schema(fields), plain.batches);
  await writeFile(`${path}.partial`, tableToIPC(table, 'file'));
  await rename(`${path}.partial`, path);
}
