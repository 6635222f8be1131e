import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Cell } from './cell.js';
import { type Condition, compileCondition } from './condition.js';
import { tableOptions } from './table-options.js';

const schema = z.strictObject(tableOptions);
const parsed = (positive: unknown) => schema.safeParse({ path: 'a.csv', tasks: { y: { positive } } });

test.each<[Condition, readonly Cell[], readonly Cell[]]>([
  ['== 1', ['1', 1, '1.0'], ['0', 2, '== 1']],
  ['=1', ['1', 1], ['=1', '11']],
  ['= yes', ['yes'], ['no', '= yes']],
  ['yes', ['yes'], ['no']],
  ['!= <x>', ['<y>', '1'], ['<x>']],
  ['!x', ['!x'], ['x']],
  ['!= 1', ['2', 'x'], ['1', 1, '1.0']],
  [
    ['=1', '<2'],
    ['=1', '<2'],
    ['1', 1],
  ],
  [3, [3, '3.0'], [4, '']],
])('%s', (condition, met, not) => {
  expect(parsed(condition).success).toBe(true);
  const holds = compileCondition(condition);
  expect(met.map(holds)).toEqual(met.map(() => true));
  expect(not.map(holds)).toEqual(not.map(() => false));
});

test.each(['=> 3', '=< 3', '=== 1', '!== 1', '<> 1', '>> 1', '=', '=='])(
  '%s is refused, with what to write',
  (text) => {
    expect(parsed(text).error?.issues[0]?.message).toMatch(/is no comparison \(>, .*stands in a list: \['…'\]$/);
    expect(parsed([text]).success).toBe(true);
  },
);

test('an order is of numbers', () => {
  expect(parsed('> a').error?.issues[0]?.message).toBe('a comparison is with a number');
});
