import { writeFile } from 'node:fs/promises';
import { makeTable, tableToIPC } from 'apache-arrow';
import type { Dataset } from '../data/dataset.js';
import type { Evaluation } from './evaluation.js';

/** Writes an Arrow file with the float32 columns `<task>.logit`, `<task>.label` and `<task>.mask`, one row per row of the split. */
export async function writePredictions(path: string, dataset: Dataset, evaluation: Evaluation): Promise<void> {
  const columns: Record<string, Float32Array> = {};
  for (const [index, { logits, labels, mask }] of evaluation.tasks.entries()) {
    const name = dataset.tasks[index]?.name ?? String(index);
    columns[`${name}.logit`] = logits;
    columns[`${name}.label`] = labels;
    columns[`${name}.mask`] = mask;
  }
  await writeFile(path, tableToIPC(makeTable(columns), 'file'));
}
