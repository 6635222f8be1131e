import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { vocabulary } from './column-fits.js';
import { fakeSource, readWhole } from './encode.fixture.js';
import { encode } from './encode.js';

const counts = Uint32Array.of(0, 1, 2, 3); // training never had value 0

test.each([
  [{ minCount: 2, unseen: 'rare' }, [0, 0, 1, 2], 3],
  [{ minCount: 2, unseen: 'apart' }, [0, 1, 2, 3], 4],
  [{ minCount: 4, unseen: 'rare' }, [0, 0, 0, 0], 1],
] as const)('indexes of values that training has 0, 1, 2 and 3 times: %o', (options, indexes, cardinality) => {
  expect(vocabulary(counts, options)).toEqual({ indexes: Int32Array.from(indexes), cardinality });
});

test.each([
  [{ minCount: 2 }, [0, 0, 1, 2]],
  [{ minCount: 2, unseen: 'apart' }, [0, 1, 2, 3]],
])('a value that training never had is encoded as rare ones are, or apart: %o', async (settings, expected) => {
  const split = (values: readonly number[]) => ({ columns: [values], labels: [values.map(() => 1)] });
  const source = fakeSource(
    [{ name: 'city', kind: 'categorical', dictionary: ['a', 'b', 'c', 'd'] }],
    [{ name: 'click', type: 'binary' }],
    { train: split([3, 1, 3, 3, 2, 2]), validation: split([0]), test: split([0, 1, 2, 3]) },
    3,
  );
  const { splits } = await encode(source, inputsSchema.parse(settings), [
    taskSchema.parse({ name: 'click', type: 'binary' }),
  ]);
  expect([...(await readWhole(splits.test)).categorical]).toEqual(expected);
});
