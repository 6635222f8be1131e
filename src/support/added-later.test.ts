import { expect, test } from 'vitest';
import { z } from 'zod';
import { addedLater, withoutLaterDefaults } from './added-later.js';

const rate = () => addedLater(z.union([z.number(), z.strictObject({ a: z.number().default(0) })]).default(0));
const schema = z.strictObject({
  old: z.number().default(1),
  rate: rate(),
  optional: addedLater(z.number().optional()),
  inner: z.strictObject({ rate: rate(), old: z.number().default(2) }).prefault({}),
  list: z.array(z.strictObject({ rate: rate() })).default([]),
  record: z.record(z.string(), z.strictObject({ rate: rate() })).default({}),
});
const without = (given: object) => withoutLaterDefaults(schema, schema.parse(given));

test('options that were added later are left out where they have their default, at any depth', () => {
  expect(without({})).toEqual({ old: 1, inner: { old: 2 }, list: [], record: {} });
  expect(without({ rate: 0, inner: { rate: 0 }, list: [{}], record: { x: {} } })).toEqual({
    old: 1,
    inner: { old: 2 },
    list: [{}],
    record: { x: {} },
  });
});

test('other values stay', () => {
  const given = { rate: { a: 3 }, optional: 0, inner: { rate: 1 }, list: [{ rate: 2 }], record: { x: { rate: 4 } } };
  expect(without(given)).toEqual({ old: 1, ...given, inner: { rate: 1, old: 2 } });
});
