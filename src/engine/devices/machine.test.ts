import { expect, test } from 'vitest';
import { featuresOf } from './machine.js';

test('instruction sets, of x86 and ARM', () => {
  expect(featuresOf('processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma avx512fp16\n')).toEqual([
    'sse4_2',
    'avx',
    'avx2',
    'fma',
  ]);
  expect(featuresOf('processor : 0\nFeatures : fp asimd sve\n')).toEqual(['asimd', 'sve']);
  expect(featuresOf('model name : something else')).toBeNull();
});
