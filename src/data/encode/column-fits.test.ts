import { expect, test } from 'vitest';
import { vocabulary } from './column-fits.js';

const counts = Uint32Array.of(0, 1, 2, 3); // training never had value 0

test.each([
  [{ minCount: 2, unseen: 'rare' }, [0, 0, 1, 2], 3],
  [{ minCount: 2, unseen: 'apart' }, [0, 1, 2, 3], 4],
  [{ minCount: 4, unseen: 'rare' }, [0, 0, 0, 0], 1],
] as const)('indexes of values that training has 0, 1, 2 and 3 times: %o', (options, indexes, cardinality) => {
  expect(vocabulary(counts, options)).toEqual({ indexes: Int32Array.from(indexes), cardinality });
});
