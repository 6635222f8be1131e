import { expect, test } from 'vitest';
import { parseComparison } from '../../config/comparison.js';
import { definitions } from '../../training/definitions.js';
import { searchedPlaces } from './candidates.js';
import type { ReadShape } from './data-shapes.js';
import { createMatching } from './decided-changes.js';

test('a budget that pays for more runs than can be planned is refused', async () => {
  const config = parseComparison(
    `name: small
compare:
  models: [{ type: single-task, levels: [[8]], tower: [] }]
  seeds: 3
  tune: { model.dropout: { uniform: [0, 0.5] } }
  search: { type: random, budget: 10000000 }
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }]
train: { epochs: 9, batchSize: 10, optimizer: { type: adam } }
`,
    'small.yaml',
    [],
    definitions,
  );
  const model = { tasks: [{ name: 'y1', type: 'regression' as const }], categorical: [], numeric: ['a', 'b', 'c'] };
  const rows = { train: 1, validation: 1, test: 1 };
  const readShape: ReadShape = async () => ({ kind: 'shape', model, rows, grouped: false });
  await expect(searchedPlaces(config, createMatching(config, readShape), readShape)).rejects.toThrow(
    'compare.search.budget: 10000000 epochs of single-task pay for some 1,111,111 runs of single-task; 20,000 is the most: lower it.',
  );
});
