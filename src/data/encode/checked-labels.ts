import type { TaskConfig } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import type { SourceBlock, SourceSplit, SplitName } from '../dataset.js';

/**
 * The split, of which every block is checked when it is read: in its task's sample space a binary label is 0 or 1, any other a finite number; a
 * row's weight is a finite number of at least 0.
 * @param tasks the source's index of each task, and the task.
 * @throws DataError with split, row, value, and the task of a label.
 */
export function checkedLabels(
  split: SourceSplit,
  name: SplitName,
  tasks: readonly { readonly index: number; readonly task: TaskConfig }[],
): SourceSplit {
  const check = (block: SourceBlock, at: number): SourceBlock => {
    for (const { index, task } of tasks) {
      const labels = block.labels[index];
      if (!labels) throw new Error(`The source has no labels of task '${task.name}'`);
      const row = firstWrong(labels, block.masks?.[index], block.rows, task.type === 'binary');
      if (row === undefined) continue;
      const what = task.type === 'binary' ? 'neither 0 nor 1' : 'no finite number';
      throw wrong(at, row, `the label of ${task.type} task '${task.name}' is ${labels[row]}, which is ${what}`);
    }
    const { weights } = block;
    const row = weights?.subarray(0, block.rows).findIndex((weight) => !(weight >= 0 && Number.isFinite(weight))) ?? -1;
    if (row >= 0) throw wrong(at, row, `the weight is ${weights?.[row]}, which is no finite number of at least 0`);
    return block;
  };
  const wrong = (block: number, row: number, what: string) =>
    new DataError(`Row ${block * split.blockRows + row + 1} of the ${name} split: ${what}.`);
  return {
    ...split,
    read(index) {
      const block = split.read(index);
      return block instanceof Promise ? block.then((read) => check(read, index)) : check(block, index);
    },
  };
}

function firstWrong(
  labels: Float32Array,
  mask: Float32Array | undefined,
  rows: number,
  binary: boolean,
): number | undefined {
  for (let row = 0; row < rows; row++) {
    const label = labels[row] ?? Number.NaN;
    const right = binary ? label === 0 || label === 1 : Number.isFinite(label);
    if (!right && mask?.[row] !== 0) return row;
  }
  return undefined;
}
