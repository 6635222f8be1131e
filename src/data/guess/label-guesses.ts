import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { numberOf } from '../table/cell.js';
import type { Condition } from '../table/condition.js';
import type { ColumnGuess } from './column-guess.js';

export interface LabelGuess {
  readonly column: ColumnGuess;
  readonly why: string;
  /** The task's name, and what makes its label 1, where `--task` says so. */
  readonly asked?: { readonly name: string; readonly positive?: Condition };
}

/**
 * Which columns are labels. Those that were asked for; else those with a label's name, and what is 0 and 1 alone behind one of them at the end
 * of the row; else those of 0 and 1 alone at the end of the row, or the first column if it alone is so; else the last one that can be a label.
 */
export function labelGuesses(columns: readonly ColumnGuess[], asked: readonly string[]): readonly LabelGuess[] {
  if (asked.length > 0) return asked.map((text) => askedLabel(columns, text));
  const named = namedLabels(columns).filter((column) => column.varies());
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

/**
 * Labels by their names. `default` or `order` is none where other labels have clearer names, unless it stands beside one of them: it then is what was
 * known before.
 */
export function namedLabels(columns: readonly ColumnGuess[]): readonly ColumnGuess[] {
  const named = columns.filter((column) => column.isNamedLabel());
  const clear = named.filter(({ words }) => !words.ambiguous);
  if (clear.length === 0) return named;
  const clearBeside = (column: ColumnGuess): boolean => {
    const at = columns.indexOf(column);
    const from = columns.slice(0, at).findLastIndex((other) => !named.includes(other)) + 1;
    const behind = columns.findIndex((other, c) => c > at && !named.includes(other));
    return columns.slice(from, behind < 0 ? undefined : behind).some((other) => clear.includes(other));
  };
  return named.filter((column) => clear.includes(column) || clearBeside(column));
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
  return { column, why: '', asked: { name, positive } };
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
