import { expect, test } from 'vitest';
import { z } from 'zod';
import { literal, queryRows, withDatabase } from '../store/database.js';
import type { Condition } from './cell.js';
import { conditionSql, macros } from './staged-rows.js';
import { tableOptions } from './table-options.js';

const schema = z.strictObject(tableOptions);
const parsed = (positive: unknown) => schema.safeParse({ path: 'a.csv', tasks: { y: { positive } } });

/** Of each value, a text or a number, whether it meets the condition, and whether the two can be compared. */
function answers(condition: Condition, values: readonly (string | number)[]) {
  return withDatabase(async (database) => {
    for (const macro of macros) await database.run(macro);
    const found: (readonly unknown[] | undefined)[] = [];
    for (const value of values) {
      const type = typeof value === 'string' ? 'text' : 'number';
      const column = { name: 'y', type, sql: typeof value === 'string' ? literal(value) : `${value}::DOUBLE` } as const;
      const { holds, comparable } = conditionSql(condition, column);
      found.push((await queryRows(database, `SELECT ${holds}, ${comparable}`))[0]);
    }
    return found;
  });
}

test.each<[Condition, readonly (string | number)[], readonly (string | number)[]]>([
  ['== 1', ['1', 1, '1.0'], ['0', 2, '== 1']],
  ['yes', ['yes'], ['no']],
  ['!= 1', ['2', 'x'], ['1', 1, '1.0']],
  [
    ['=1', '<2'],
    ['=1', '<2'],
    ['1', 1],
  ],
  [3, [3, '3.0'], [4, '']],
  [1, ['1', 1, 'true', 'True'], ['0', 'false', 0, 'yes']],
  [true, ['true', '1', 1, '1.0'], ['false', '0', 0]],
  ['!= false', ['true', '1', 'x'], ['FALSE', '0', 0]],
  ['> 3', [4, '3.5'], [3, '-4']],
])('%s', async (condition, met, not) => {
  expect(parsed(condition).success).toBe(true);
  expect(await answers(condition, met)).toEqual(met.map(() => [true, true]));
  expect(await answers(condition, not)).toEqual(not.map(() => [false, true]));
});

test.each(['=< 3', '<> 1', '='])('%s is refused, with what to write', (text) => {
  expect(parsed(text).error?.issues[0]?.message).toMatch(/is no comparison \(>, .*stands in a list: \['…'\]$/);
  expect(parsed([text]).success).toBe(true);
});

test('an order is of numbers', () => {
  expect(parsed('> a').error?.issues[0]?.message).toBe('a comparison is with a number');
});

test('a whole number that YAML has rounded is refused', () => {
  expect(parsed([1, 2.5, 'a', -(2 ** 53) + 1]).success).toBe(true);
  for (const rounded of [2 ** 53, [1, -(2 ** 60)]])
    expect(JSON.stringify(parsed(rounded).error)).toContain('has lost its last digits: write it in quotes');
});
