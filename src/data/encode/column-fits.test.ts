import { expect, test } from 'vitest';
import { quantileFit, vocabularyFit } from './column-fits.js';
import { fedIndexes } from './vocabulary.js';

test.each([
  ['1 0 1.0 true 01', [1, 2, 1, 1, 0]], // 01 is none of training's values
  ['1 0 1.0 true 007', [1, 2, 3, 4, 5]],
  ['2.5 1 1.10 1.1', [1, 2, 3, 4]],
  ['1 +1 1.0', [1, 2, 3]],
  ['1 1e0 1.0', [1, 2, 3]],
  ['9007199254740993 1 1.0', [1, 2, 3]],
])('spellings of one number share an index, unless a training value looks like a code: %s', (texts, indexes) => {
  const dictionary = texts.split(' ');
  const column = { name: 'code', dictionary };
  const fit = vocabularyFit(dictionary.length, { minCount: 1, unseen: 'rare' }, column);
  const rows = Int32Array.from(dictionary.keys()).filter((index) => dictionary[index] !== '01');
  fit.add(Int32Array.from(dictionary.keys()), rows);
  const fitted = fit.finish();
  if (fitted.kind !== 'vocabulary') throw new Error('texts have a vocabulary');
  expect([...fedIndexes(column, fitted)]).toEqual(indexes);
});

test('buckets are of every k-th row, through all blocks', () => {
  const fit = quantileFit(4, 3);
  for (const first of [0, 4, 8])
    fit.add(Float32Array.of(first, first + 1, first + 2, first + 3), Int32Array.of(0, 1, 2, 3));
  expect(fit.finish()).toMatchObject({ edges: [3, 6, 9] });
});
