import { hardSharing } from './hard-sharing.js';
import { L, layers, M, mixed, N, numeric, testModel, three, two, withLists } from './model-tests.fixture.js';
import { embed, mlp, tower } from './scalars.fixture.js';

testModel(hardSharing, {
  reference(point) {
    const z = mlp(point, 'bottom', 0, embed(point));
    return { logits: point.shape.tasks.map((_, k) => tower(point, 'tower', k, z)) };
  },
  cases: [
    {
      label: 'two shared layers',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4]], tower: [3] },
      count: M.embeddings + layers(M.x, 5, 4) + 2 * layers(4, 3, 1),
    },
    {
      label: 'no tower layer, numeric only',
      shape: { tasks: three, ...numeric },
      options: { levels: [[4]], tower: [] },
      count: N.embeddings + layers(N.x, 4) + 3 * layers(4, 1),
    },
    {
      label: 'products of embeddings',
      shape: { tasks: two, ...mixed, interaction: 'fm' },
      options: { levels: [[4]], tower: [3] },
      count: M.embeddings + layers(M.x + 2, 4) + 2 * layers(4, 3, 1),
    },
    {
      label: 'cross layers',
      shape: { tasks: two, ...mixed, interaction: 'cross' },
      options: { levels: [[4]], tower: [3] },
      count: M.embeddings + 2 * layers(M.x, M.x) + layers(M.x, 4) + 2 * layers(4, 3, 1),
    },
    {
      label: 'embeddings alone, no tower layer',
      shape: { tasks: two, ...mixed },
      options: { levels: [], tower: [] },
      count: M.embeddings + 2 * layers(M.x, 1),
    },
    {
      label: 'lists, one of them with attention',
      shape: { tasks: two, ...withLists },
      options: { levels: [[4]], tower: [], activation: 'tanh', normalization: 'layer' },
      count: L.embeddings + layers(L.x, 4) + 2 * 4 + 2 * layers(4, 1),
    },
  ],
});
