import { DataError } from '../../support/errors.js';
import { type Cell, numberOf, shown, textOf } from './cell.js';
import type { PickedRows } from './column-encoders.js';
import type { LabelColumn } from './column-roles.js';

/** A row is outside the sample space if its label is missing, or its mask's column is or does not meet the condition: label NaN. */
export function labelValues(label: LabelColumn, { records, rows, place, missing }: PickedRows): Float32Array {
  return Float32Array.from(rows, (row) => {
    const cell = records[row]?.[label.index] ?? null;
    if (missing(cell)) return Number.NaN;
    const { mask } = label;
    const masking = mask ? (records[row]?.[mask.index] ?? null) : null;
    if (mask) {
      const inside = !missing(masking) && mask.holds(masking);
      if (inside === undefined) {
        throw new DataError(
          `${place(row)}: column '${mask.name}' is ${shown(masking)}, which cannot be compared with a number.`,
        );
      }
      if (!inside) return Number.NaN;
    }
    return labelOf(label, cell, () => `${place(row)}: column '${label.name}' is ${shown(cell)}`);
  });
}

function labelOf({ task, positive }: LabelColumn, cell: Cell, where: () => string): number {
  if (positive) {
    const met = positive(cell);
    if (met === undefined) throw new DataError(`${where()}, which cannot be compared with a number.`);
    return Number(met);
  }
  const value = numberOf(cell);
  if (task.type === 'regression') {
    if (Number.isNaN(value))
      throw new DataError(`${where()}, which is no number: task '${task.name}' is a regression.`);
    return value;
  }
  if (value === 0 || value === 1) return value;
  const text = textOf(cell).toLowerCase();
  if (text === 'true' || text === 'false') return Number(text === 'true');
  throw new DataError(
    `${where()}, which is neither 0 nor 1; say which labels are 1: tasks: { ${task.name}: { positive: … } }, or regression: true.`,
  );
}

/** Notices a task whose `positive` no row has: a typing error that would train on zeros alone. */
export class PositiveCheck {
  readonly #label: LabelColumn;
  readonly #texts = new Map<string, number>();
  #ones = 0;

  constructor(label: LabelColumn) {
    this.#label = label;
  }

  /** @param labels Of the picked rows. */
  add(labels: Float32Array, { records, rows }: PickedRows): void {
    if (!this.#label.positive || this.#ones > 0) return;
    for (const [index, row] of rows.entries()) {
      const label = labels[index] ?? Number.NaN;
      if (Number.isNaN(label)) continue;
      if (label === 1) {
        this.#ones += 1;
        return;
      }
      const text = textOf(records[row]?.[this.#label.index] ?? null);
      if (this.#texts.has(text) || this.#texts.size < 10_000) this.#texts.set(text, (this.#texts.get(text) ?? 0) + 1);
    }
  }

  /** @throws DataError with the values that there are. */
  refuseNone(path: string): void {
    if (this.#ones > 0 || this.#texts.size === 0) return;
    const { task, name } = this.#label;
    const texts = [...this.#texts].toSorted(([, a], [, b]) => b - a).map(([text]) => shown(text));
    const some = texts.length > 10 ? [...texts.slice(0, 10), `… (${texts.length} different)`] : texts;
    throw new DataError(
      `${path}: no row of column '${name}' meets tasks.${task.name}.positive; its values are ${some.join(', ')}.`,
    );
  }
}
