import { expect, test } from 'vitest';
import { differences } from './json.js';

test('names what differs by dotted key, and on which side a key is missing', () => {
  const left = { name: 'a', train: { epochs: 4, rate: 0.1 }, model: { levels: [[8], [8]], source: 'y1' }, loss: {} };
  const right = { name: 'a', train: { rate: 0.2, epochs: 4 }, model: { levels: [[8], [4]], experts: 2 }, loss: {} };
  expect(differences(left, right)).toEqual([
    { key: 'train.rate', left: 0.1, right: 0.2 },
    { key: 'model.levels', left: [[8], [8]], right: [[8], [4]] },
    { key: 'model.source', left: 'y1' },
    { key: 'model.experts', right: 2 },
  ]);
});
