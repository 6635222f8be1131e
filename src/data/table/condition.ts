import { z } from 'zod';
import { numberOf } from './cell.js';

const value = z.union([z.string(), z.number(), z.boolean()]);

/** A value, one of several, or a comparison such as `> 3` or `= 3`. */
export const conditionSchema = z.union([value, z.array(value).min(1)]);
export type Condition = z.infer<typeof conditionSchema>;

const comparison = /^((?:[<>=]|!=)[<>=!]*)\s*(.*)$/;
const operators = ['>', '>=', '<', '<=', '=', '==', '!='];

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
