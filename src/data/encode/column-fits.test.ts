import { expect, test } from 'vitest';
import { completeFit, quantileFit, vocabularyFit } from './column-fits.js';
import { fedIndexes, indexLookup } from './vocabulary.js';

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

test('codes that are all known are stored as their number', () => {
  const column = { name: 'user', size: 4 };
  const options = { minCount: 1, unseen: 'rare' } as const;
  const fit = vocabularyFit(4, options, column);
  fit.add(Int32Array.of(3, 0, 2, 1, 1), Int32Array.of(0, 1, 2, 3));
  for (const all of [fit, completeFit(4, {})]) {
    const fitted = all.finish();
    expect(fitted).toEqual({ kind: 'vocabulary', values: 4, rare: [] });
    if (fitted.kind !== 'vocabulary') throw new Error('codes have a vocabulary');
    expect([...fedIndexes({ size: 6 }, fitted)]).toEqual([1, 2, 3, 4, 0, 0]);
    const index = indexLookup(fitted);
    expect(['0', '3', '4', '-1', '01', '1.0', '1e0', ''].map(index)).toEqual([1, 4, ...Array(6).fill(undefined)]);
  }
  const some = vocabularyFit(4, { ...options, minCount: 2 }, column);
  some.add(Int32Array.of(3, 0, 2, 1, 1), Int32Array.of(0, 1, 2, 3, 4));
  expect(some.finish()).toEqual({ kind: 'vocabulary', values: [1], rare: [] });
});
