import { z } from 'zod';

/** Milliseconds. */
export const day = 86_400_000;

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** The number that a text says, of 32 bits at most; NaN if it says none. */
export function parseNumber(text: string): number {
  const value = decimal.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isFinite(Math.fround(value)) ? value : Number.NaN;
}

/** A text in a message: no line break, not too long. */
export function shown(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1);
  return `'${escaped.length > 40 ? `${escaped.slice(0, 40)}…` : escaped}'`;
}

/** A value as YAML writes it. Of a larger whole number, YAML has lost digits. */
export const valueSchema = z.union([
  z.string(),
  z.number().refine((number) => !Number.isInteger(number) || Number.isSafeInteger(number), {
    message: 'a whole number above 2^53 has lost its last digits: write it in quotes',
  }),
  z.boolean(),
]);

/** A value, one of several, or a comparison such as `> 3` or `= 3`. */
export const conditionSchema = z.union([valueSchema, z.array(valueSchema).min(1)]);

export type Condition = z.infer<typeof conditionSchema>;

const comparison = /^((?:[<>=]|!=)[<>=!]*)\s*(.*)$/;

const operators = ['>', '>=', '<', '<=', '=', '==', '!='];

/** The operator and the operand of a comparison; empty for another condition. */
function compared(condition: Condition): readonly (string | undefined)[] {
  return (typeof condition === 'string' && comparison.exec(condition)?.slice(1)) || [];
}

/** What is compared: `=` and `!=` as texts or as numbers with any of the values, the others as numbers with one. */
export function conditionParts(condition: Condition): {
  readonly operator: string;
  readonly values: readonly string[];
} {
  const [operator, operand = ''] = compared(condition);
  if (operator === undefined) return { operator: '=', values: [condition].flat().map(String) };
  return { operator: operator === '==' ? '=' : operator, values: [operand] };
}

/** The reason why a condition makes no sense. */
export function mistakeIn(condition: Condition): string | undefined {
  const [operator, operand = ''] = compared(condition);
  if (operator === undefined) return undefined;
  if (!operators.includes(operator) || (operator.startsWith('=') && operand === '')) {
    return `'${condition}' is no comparison (${operators.join(', ')} and a value); a text that begins so stands in a list: ['…']`;
  }
  if (/[<>]/.test(operator) && Number.isNaN(parseNumber(operand))) return 'a comparison is with a number';
  return undefined;
}
