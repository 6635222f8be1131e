import { z } from 'zod';
import { type Cell, numberOf, textOf } from './cell.js';

const value = z.union([z.string(), z.number(), z.boolean()]);

/** A value, one of several, or a comparison such as `> 3` or `= 3`. */
export const conditionSchema = z.union([value, z.array(value).min(1)]);
export type Condition = z.infer<typeof conditionSchema>;

const comparison = /^((?:[<>=]|!=)[<>=!]*)\s*(.*)$/;
const operators = ['>', '>=', '<', '<=', '=', '==', '!='];

/** Whether a cell that is not missing meets the condition; undefined: it is to be compared with a number and is none. */
export function compileCondition(condition: Condition): (cell: Cell) => boolean | undefined {
  if (typeof condition === 'string') {
    const [, operator, operand = ''] = comparison.exec(condition) ?? [];
    if (operator === '!=') {
      const equal = equals([operand]);
      return (cell) => !equal(cell);
    }
    if (operator?.startsWith('=')) return equals([operand]);
    if (operator) return compare(operator, numberOf(operand));
  }
  return equals(Array.isArray(condition) ? condition : [condition]);
}

/** What is compared: `=` and `!=` as texts or as numbers with any of the values, the others as numbers with one. */
export function conditionParts(condition: Condition): {
  readonly operator: string;
  readonly values: readonly string[];
} {
  const [, operator, operand = ''] = (typeof condition === 'string' && comparison.exec(condition)) || [];
  if (operator === undefined) return { operator: '=', values: [condition].flat().map(String) };
  return { operator: operator === '==' ? '=' : operator, values: [operand] };
}

/** Why a condition cannot be meant as it stands. */
export function mistakeIn(condition: Condition): string | undefined {
  const [, operator, operand = ''] = (typeof condition === 'string' && comparison.exec(condition)) || [];
  if (operator === undefined) return undefined;
  if (!operators.includes(operator) || (operator.startsWith('=') && operand === '')) {
    return `'${condition}' is no comparison (${operators.join(', ')} and a value); a text that begins so stands in a list: ['…']`;
  }
  if (/[<>]/.test(operator) && Number.isNaN(numberOf(operand))) return 'a comparison is with a number';
  return undefined;
}

function compare(operator: string, bound: number): (cell: Cell) => boolean | undefined {
  return (cell) => {
    const found = numberOf(cell);
    if (Number.isNaN(found)) return undefined;
    if (operator === '>') return found > bound;
    if (operator === '<') return found < bound;
    return operator === '>=' ? found >= bound : found <= bound;
  };
}

/** Equal as texts, or as numbers: `1` is `1.0`. */
function equals(values: readonly (string | number | boolean)[]): (cell: Cell) => boolean {
  const texts = new Set(values.map(String));
  const numbers = new Set(values.map((value) => numberOf(String(value))).filter((number) => !Number.isNaN(number)));
  return (cell) => texts.has(textOf(cell)) || (numbers.size > 0 && numbers.has(numberOf(cell)));
}
