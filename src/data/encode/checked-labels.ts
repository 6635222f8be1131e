import { type TaskConfig, unusualLoss } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import type { Source, SourceBlock, SourceSplit, SplitName } from '../dataset.js';

/**
 * A split that checks every block when it is read. In its task's sample space a binary label is 0 or 1, a multiclass
 * one the index of a class, any other a finite number. A row's weight is a finite number of at least 0. Tasks that the
 * source does not have are left out.
 * @throws DataError with split, row, value, and the task of a label.
 */
export function checkedLabels(source: Source, name: SplitName, tasks: readonly TaskConfig[]): SourceSplit {
  const split = source.splits[name];
  const rules = tasks.flatMap((task) => {
    const index = source.tasks.findIndex(({ name }) => name === task.name);
    if (index < 0) return [];
    const [isRight, otherwise] = labelRule(task, source.tasks[index]?.classes?.length ?? 0);
    const isWrong = (label: number) => !isRight(label) && !(source.masked && Number.isNaN(label));
    return { index, isWrong, what: `${task.type} task '${task.name}'`, otherwise };
  });
  const check = (block: SourceBlock, at: number): SourceBlock => {
    for (const { index, isWrong, what, otherwise } of rules) {
      const labels = block.labels[index];
      if (!labels) throw new Error(`The source has no labels of ${what}`);
      const row = labels.subarray(0, block.rows).findIndex(isWrong);
      if (row >= 0) throw wrong(at, row, `the label of ${what} is ${labels[row]}, which is ${otherwise}`);
    }
    const { weights } = block;
    const row = weights?.subarray(0, block.rows).findIndex((weight) => !(weight >= 0 && Number.isFinite(weight))) ?? -1;
    if (row >= 0) throw wrong(at, row, `the weight is ${weights?.[row]}, which is no finite number of at least 0`);
    return block;
  };
  const wrong = (block: number, row: number, what: string) =>
    new DataError(`Row ${block * split.blockRows + row + 1} of the ${name} split: ${what}.`);
  return { ...split, read: async (index) => check(await split.read(index), index) };
}

/** Whether a label is right, and what any other is. */
function labelRule(task: TaskConfig, classes: number): readonly [(label: number) => boolean, string] {
  const loss = unusualLoss(task)?.type;
  if (loss === 'poisson')
    return [(label) => label >= 0 && label < Number.POSITIVE_INFINITY, `below 0: the loss '${loss}' takes none`];
  if (loss === 'log-normal')
    return [(label) => label > 0 && label < Number.POSITIVE_INFINITY, `not above 0: the loss '${loss}' takes none`];
  if (task.type === 'binary') return [(label) => label === 0 || label === 1, 'neither 0 nor 1'];
  if (task.type === 'regression') return [Number.isFinite, 'no finite number'];
  const isIndex = (label: number) => Number.isInteger(label) && label >= 0 && label < classes;
  return [isIndex, `no index of its ${classes} classes`];
}
