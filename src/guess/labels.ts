import { parseNumber } from '../data/table/cell.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError, DataError } from '../support/errors.js';
import { areAmounts, areNumbers, type Column, isBinary, varies } from './rules.js';

export interface Label {
  readonly column: Column;
  readonly why: string;
  /** The task's name and its positive condition, if `--task` gives them. */
  readonly asked?: { readonly name: string; readonly positive?: string | readonly string[] };
}

/** Values that mean yes. */
export const positives = /^(yes|y|true|t|positive|pos|won|win|success|good)$/i;

/** The label columns. Of the choices, from top to bottom, the first that has columns is taken. */
export function guessedLabels(columns: readonly Column[]): readonly Label[] {
  const named = namedLabels(columns).filter(varies);
  const bits = columns.filter((column) => isBinary(column) && varies(column));
  const tail = columns.slice(columns.findLastIndex((column) => !named.includes(column) && !bits.includes(column)) + 1);
  const first = tail.findIndex((column) => named.includes(column));
  const possible = columns.filter(canBeLabel);
  const choices: readonly (readonly [labels: readonly Column[], why: string])[] = [
    [named, 'a label by its name'],
    [tail.length < columns.length ? tail : [], 'a label? 0 and 1, at the end of the row'],
    [bits.length === 1 && bits[0] === columns[0] ? bits : [], 'a label? 0 and 1, the first column'],
    [possible.filter(({ words }) => words.predicted).slice(-1), 'a label? An amount that is often predicted'],
    [possible.slice(-1), 'a label? The last column that can be one'],
  ];
  const [labels, why] = choices.find(([some]) => some.length > 0) ?? [];
  if (!labels || why === undefined)
    throw new DataError(
      'No column of the file could be a label: none has numbers, or two values. --task NAME names one.',
    );
  const behind = first < 0 ? [] : tail.slice(first);
  return columns.flatMap((column): readonly Label[] => {
    if (labels.includes(column)) return [{ column, why }];
    return behind.includes(column) ? [{ column, why: 'a label? 0 and 1, behind a label' }] : [];
  });
}

/** Whether it has two values, or amounts. */
function canBeLabel(column: Column): boolean {
  return varies(column) && (isBinary(column) || column.different === 2 || areAmounts(column));
}

/** Whether it may be a label that was not seen as one: two values of which one means yes, 0 and 1, or a usual name. */
export function mayBeLabel(column: Column): boolean {
  const { different, values, words } = column;
  const saysYes = different === 2 && values.some(({ text }) => positives.test(text));
  return canBeLabel(column) && (isBinary(column) || saysYes || words.predicted);
}

/**
 * Labels by name, whose values suit it; `y` beside `x` and `z` is a coordinate. An ambiguous name (`default`, `order`)
 * counts if no label has a clearer one, or if it is next to one that has. Elsewhere the column is a property that was
 * known before.
 */
export function namedLabels(columns: readonly Column[]): readonly Column[] {
  const areCoordinates = ['x', 'y', 'z'].every((name) => columns.some((column) => column.name.toLowerCase() === name));
  const named = columns.filter((column) => {
    const { words, different, name } = column;
    if (areCoordinates && name.toLowerCase() === 'y') return false;
    return isBinary(column) || different === 2 ? words.outcome : words.amount && !words.id && areNumbers(column);
  });
  const isClear = (column: Column) => named.includes(column) && !column.words.ambiguous;
  if (!named.some(isClear)) return named;
  return named.filter((column) => {
    const at = columns.indexOf(column);
    const from = columns.slice(0, at).findLastIndex((other) => !named.includes(other)) + 1;
    const behind = columns.findIndex((other, c) => c > at && !named.includes(other));
    return columns.slice(from, behind < 0 ? undefined : behind).some(isClear);
  });
}

/** `COLUMN`, `NAME=COLUMN`, or `NAME=COLUMN` with a comparison: `liked=rating>=4`, `sport=genre==sport`. */
export function askedLabel(columns: readonly Column[], text: string): Label {
  const [, name = '', rest = ''] = /^([^=<>!]+)=(.+)$/.exec(text) ?? [];
  if (name === '' || columns.some((column) => column.name === text))
    return { column: askedColumn(columns, text), why: '' };
  const [, columnName = rest, operator, value = ''] = /^(.+?)\s*(>=|<=|==|!=|>|<|=)\s*(.*)$/.exec(rest) ?? [];
  const column = askedColumn(columns, columnName);
  if (operator === undefined) return { column, why: '', asked: { name } };
  if (value === '' || (/[<>]/.test(operator) && Number.isNaN(parseNumber(value))))
    throw new ConfigError(`--task ${text}: behind ${operator} stands ${value === '' ? 'a value' : 'a number'}.`);
  const positive = !/^==?$/.test(operator) ? `${operator} ${value}` : /^[<>!=]/.test(value) ? [value] : value;
  return { column, why: '', asked: { name, positive } };
}

function askedColumn(columns: readonly Column[], name: string): Column {
  const names = columns.map((column) => column.name);
  const column = columns.find((column) => column.name === name);
  if (column) return column;
  const some = names.length > 30 ? [...names.slice(0, 30), '…'] : names;
  throw new ConfigError(
    `--task: the file has no column '${name}'${didYouMean(name, names)}; there are: ${some.join(', ')}.`,
  );
}
