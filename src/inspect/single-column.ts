import { listOf, type SourceBlock, type SourceColumn, type SourceTask, singleOf } from '../data/dataset.js';
import { entriesOf } from './cells.js';
import { areaOfCells, explainedByCells, labelsInCells, meansOf } from './labels-in-cells.js';
import { Line } from './line.js';

/** How well one column alone predicts one task's labels on the validation rows. */
export interface AloneScore {
  readonly task: string;
  /** Of a binary task: AUC. Of a regression task: R². Null where it is not defined. */
  readonly score: number | null;
  /** Validation rows in the sample space that were looked at. */
  readonly rows: number;
  /** Of a binary task: the rarer class's rows. */
  readonly rarer: number | null;
}

/**
 * A column alone against one task's labels. From the training rows it learns each value's mean label (of numbers: each bucket's); on
 * the validation rows these means are the scores. So a column of many values that occur once each does not look good. A list's
 * score is that of the entry whose mean is farthest from the mean of all. For a regression task, a numeric column is also tried as a
 * straight line, by its squared correlation with the labels of validation.
 */
export class SingleColumn {
  readonly #column: SourceColumn;
  readonly #index: number;
  readonly #task: SourceTask;
  readonly #taskIndex: number;
  readonly #train;
  readonly #validation;
  readonly #all = { rows: 0, sum: 0 };
  readonly #line: Line | undefined;
  #squares = 0;
  #means: Float64Array | undefined;

  /**
   * @param index Of the column in the source; `taskIndex`, of the task.
   * @param cells How many the column's values are put in.
   */
  constructor(column: SourceColumn, index: number, task: SourceTask, taskIndex: number, cells: number) {
    this.#column = column;
    this.#index = index;
    this.#task = task;
    this.#taskIndex = taskIndex;
    const count = column.kind === 'list' ? cells + 1 : cells; // the last is that of empty lists
    this.#train = labelsInCells(count);
    this.#validation = labelsInCells(count);
    this.#line = column.kind === 'numeric' && task.type === 'regression' ? new Line() : undefined;
  }

  /** @param cells What `Cells.of` gives for this training block. */
  learn(block: SourceBlock, cells: Int32Array): void {
    const { labels, mask, lists } = this.#parts(block);
    const { rows, sums } = this.#train;
    for (let row = 0; row < block.rows; row++) {
      const label = labels[row] ?? Number.NaN;
      if (mask?.[row] === 0 || Number.isNaN(label)) continue;
      this.#all.rows++;
      this.#all.sum += label;
      const [begin, end] = lists ? boundsOf(lists, row) : [row, row + 1];
      for (let i = begin; i < Math.max(end, begin + 1); i++) {
        const cell = i < end ? (cells[i] ?? 0) : rows.length - 1;
        rows[cell] = (rows[cell] ?? 0) + 1;
        sums[cell] = (sums[cell] ?? 0) + label;
      }
    }
  }

  /** @param cells What `Cells.of` gives for this validation block. All training rows must have been learnt of. */
  score(block: SourceBlock, cells: Int32Array): void {
    const mean = this.#all.sum / Math.max(1, this.#all.rows);
    this.#means ??= meansOf(this.#train, mean);
    const means = this.#means;
    const { labels, mask, lists } = this.#parts(block);
    const { rows, sums } = this.#validation;
    const numbers = this.#line && singleOf(block.columns[this.#index] ?? new Float32Array());
    for (let row = 0; row < block.rows; row++) {
      const label = labels[row] ?? Number.NaN;
      if (mask?.[row] === 0 || Number.isNaN(label)) continue;
      let cell = lists ? rows.length - 1 : (cells[row] ?? 0);
      if (lists) {
        const [begin, end] = boundsOf(lists, row);
        let farthest = -1;
        for (let i = begin; i < end; i++) {
          const distance = Math.abs((means[cells[i] ?? 0] ?? mean) - mean);
          if (distance > farthest) [farthest, cell] = [distance, cells[i] ?? 0];
        }
      }
      rows[cell] = (rows[cell] ?? 0) + 1;
      sums[cell] = (sums[cell] ?? 0) + label;
      this.#squares += label * label;
      if (numbers) this.#line?.add(numbers[row] ?? Number.NaN, label);
    }
  }

  finish(): AloneScore {
    const { rows, sums } = this.#validation;
    const means = this.#means ?? new Float64Array(rows.length);
    const total = rows.reduce((sum, count) => sum + count, 0);
    const { name: task, type } = this.#task;
    if (type === 'binary') {
      const positives = sums.reduce((sum, value) => sum + value, 0);
      const score = areaOfCells(this.#validation, means);
      return { task, score, rows: total, rarer: Math.min(positives, total - positives) };
    }
    const explained = explainedByCells(this.#validation, this.#squares, means);
    const line = this.#line?.explained ?? null;
    const score = explained === null || line === null ? explained : Math.max(explained, line);
    return { task, score, rows: total, rarer: null };
  }

  #parts(block: SourceBlock) {
    return {
      labels: block.labels[this.#taskIndex] ?? new Float32Array(),
      mask: block.masks?.[this.#taskIndex],
      lists:
        this.#column.kind === 'list' ? entriesOf(listOf(block.columns[this.#index] ?? new Int32Array())) : undefined,
    };
  }
}

/** Where a row's entries begin and end. */
function boundsOf({ offsets, of }: ReturnType<typeof entriesOf>, row: number): readonly [number, number] {
  const list = of ? (of[row] ?? 0) : row;
  return [offsets[list] ?? 0, offsets[list + 1] ?? 0];
}
