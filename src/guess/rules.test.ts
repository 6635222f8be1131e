import { expect, test } from 'vitest';
import type { ColumnFacts } from './column-facts.js';
import { columnWords } from './column-words.js';
import { inputGuess } from './rules.js';

/** Facts of a million whole numbers, 1,000 different ones. */
const guess = (facts: Partial<ColumnFacts>) =>
  inputGuess({
    ...{ words: columnWords(facts.name ?? 'amount') },
    ...{ name: 'amount', unnamed: false, rows: 1_000_000, present: 1_000_000, kind: 'numeric', numbers: 1_000_000 },
    ...{
      whole: true,
      smallest: 0,
      largest: 5000,
      beyondFloat: 0,
      alike: true,
      zerosInFront: 0,
      countsRows: false,
      ordered: false,
      odd: [],
      regular: 1000,
    },
    ...{ different: 1000, values: [], bars: 0, semicolons: 0, time: undefined },
    ...facts,
  });

test('an id is hashed where a dictionary would be larger than the hash', () => {
  const id = (different: number) => guess({ name: 'user_id', different }).kind;
  expect(id(2 ** 18)).toBe('categorical');
  expect(id(2 ** 18 + 1)).toEqual({ kind: 'categorical', hash: 2 ** 18 });
  expect(id(900_001)).toBe('ignored');
});

test('large whole numbers are ids if most of them are large, and are no times', () => {
  const large = { beyondFloat: 600_000, largest: 2 ** 40 };
  expect(guess(large)).toEqual({
    kind: 'categorical',
    why: 'an id? too large for a number: 1000 different',
  });
  expect(guess({ ...large, beyondFloat: 400_000 })).toMatchObject({ kind: 'inferred' });
  expect(
    guess({
      ...large,
      time: { form: 'seconds since 1970', parts: [], ambiguous: false, first: 1, last: 2, inOrder: false },
    }),
  ).toMatchObject({ kind: 'inferred' });
  expect(guess({ ...large, whole: false })).toMatchObject({ kind: 'inferred' });
  expect(guess({ ...large, alike: false })).toMatchObject({ kind: 'inferred' }); // an amount
});
