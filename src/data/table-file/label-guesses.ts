import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { type Cell, numberOf } from './cell.js';
import { type ColumnGuess, isMissing } from './column-guess.js';

export interface LabelGuess {
  readonly column: ColumnGuess;
  readonly why: string;
  /** The task's name, and what makes its label 1, where `--task` says so. */
  readonly asked?: { readonly name: string; readonly positive?: string | readonly string[] };
}

/**
 * Which columns are labels. Those that were asked for; else those with a label's name, and what is 0 and 1 alone behind one of them at the end
 * of the row; else those of 0 and 1 alone at the end of the row, or the first column if it alone is so; else the last one that can be a label.
 */
export function labelGuesses(columns: readonly ColumnGuess[], asked: readonly string[]): readonly LabelGuess[] {
  if (asked.length > 0) return asked.map((text) => askedLabel(columns, text));
  const named = columns.filter((column) => column.isNamedLabel());
  const bits = columns.filter((column) => column.isBinary() && column.varies());
  const labels = new Set([...named, ...bits]);
  const tail = columns.slice(columns.findLastIndex((column) => !labels.has(column)) + 1);
  if (named.length > 0) {
    const first = tail.findIndex((column) => named.includes(column));
    const behind = first < 0 ? [] : tail.slice(first);
    return columns.flatMap((column) => {
      if (named.includes(column)) return [{ column, why: 'a label by its name' }];
      return behind.includes(column) ? [{ column, why: 'a label? 0 and 1, behind a label' }] : [];
    });
  }
  if (tail.length > 0 && tail.length < columns.length)
    return tail.map((column) => ({ column, why: 'a label? 0 and 1, at the end of the row' }));
  const [first] = columns;
  if (first && bits.length === 1 && bits[0] === first)
    return [{ column: first, why: 'a label? 0 and 1, the first column' }];
  const last = columns.findLast((column) => column.canBeLabel());
  if (last) return [{ column: last, why: 'a label? The last column that can be one' }];
  throw new DataError(
    'No column of the file could be a label: none has numbers, or two values. --task NAME names one.',
  );
}

/** `COLUMN`, `NAME=COLUMN`, or `NAME=COLUMN` with a comparison: `liked=rating>=4`, `sport=genre==sport`. */
function askedLabel(columns: readonly ColumnGuess[], text: string): LabelGuess {
  const [, name = '', rest = ''] = /^([^=<>!]+)=(.+)$/.exec(text) ?? [];
  if (name === '' || columns.some((column) => column.name === text))
    return { column: askedColumn(columns, text), why: '' };
  const [, columnName = rest, operator, value = ''] = /^(.+?)\s*(>=|<=|==|!=|>|<)\s*(.*)$/.exec(rest) ?? [];
  if (operator === undefined) return { column: askedColumn(columns, columnName), why: '', asked: { name } };
  const column = askedColumn(columns, columnName, false);
  if (value === '' || (/[<>]/.test(operator) && Number.isNaN(numberOf(value))))
    throw new ConfigError(`--task ${text}: behind ${operator} stands ${value === '' ? 'a value' : 'a number'}.`);
  const positive = operator !== '==' ? `${operator} ${value}` : /^[<>!=]/.test(value) ? [value] : value;
  const share = column.shareThatMeets(positive);
  return { column, why: `${share} are 1`, asked: { name, positive } };
}

/** @param alone Whether the column's own values have to be labels. */
function askedColumn(columns: readonly ColumnGuess[], name: string, alone = true): ColumnGuess {
  const names = columns.map((column) => column.name);
  const column = columns.find((column) => column.name === name);
  if (!column) {
    const some = names.length > 30 ? [...names.slice(0, 30), '…'] : names;
    throw new ConfigError(
      `--task: the file has no column '${name}'${didYouMean(name, names)}; there are: ${some.join(', ')}.`,
    );
  }
  if (!alone || column.task()) return column;
  throw new ConfigError(
    `--task: column '${name}' is no label: it has neither numbers nor from two to twenty different texts. --task 'NAME=${name}==VALUE' makes one of a value.`,
  );
}

/** What columns have to do with labels of 0 and 1: which have something only where the label is 1. */
export class Consequences {
  readonly #labels: readonly number[];
  /** [columns][labels]: rows in which the column has a value that is not 0, by the label's. */
  readonly #set: { zero: number; one: number }[][];
  readonly #ones: number[];
  #rows = 0;

  /** @param labels Columns of 0 and 1, by number. */
  constructor(columns: number, labels: readonly number[]) {
    this.#labels = labels;
    this.#set = Array.from({ length: columns }, () => labels.map(() => ({ zero: 0, one: 0 })));
    this.#ones = labels.map(() => 0);
  }

  add(record: readonly Cell[]): void {
    this.#rows++;
    const ones = this.#labels.map((label) => isSet(record[label] ?? null));
    for (const [l, one] of ones.entries()) if (one) this.#ones[l] = (this.#ones[l] ?? 0) + 1;
    for (const [c, counts] of this.#set.entries()) {
      if (!isSet(record[c] ?? null)) continue;
      for (const [l, count] of counts.entries()) {
        if (ones[l]) count.one++;
        else count.zero++;
      }
    }
  }

  /**
   * The label, by its place in `labels`, without whose 1 the column has nothing: nowhere, and in so many rows that chance is out of the question
   * (one in a million). Of several, the one that is 1 most rarely.
   */
  conditionOf(column: number): number | undefined {
    const met = this.#labels.flatMap((label, l) => {
      const { zero = 0, one = 0 } = this.#set[column]?.[l] ?? {};
      const share = (this.#ones[l] ?? 0) / Math.max(1, this.#rows);
      // Of two labels that are the same, the second follows from the first.
      const follows = !this.#labels.includes(column) || one < (this.#ones[l] ?? 0) || label < column;
      return label !== column && follows && zero === 0 && one * Math.log(share) < Math.log(1e-6) ? [l] : [];
    });
    return met.toSorted((a, b) => (this.#ones[a] ?? 0) - (this.#ones[b] ?? 0))[0];
  }
}

function isSet(cell: Cell): boolean {
  if (isMissing(cell)) return false;
  if (typeof cell === 'object') return cell !== null && cell.length > 0;
  return numberOf(cell) !== 0 && !/^false$/i.test(String(cell).trim());
}
