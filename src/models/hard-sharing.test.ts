import { hardSharing } from './hard-sharing.js';
import { mixed, numeric, testModel, three, two, withLists } from './model-tests.fixture.js';
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
    },
    {
      label: 'no tower layer, numeric only',
      shape: { tasks: three, ...numeric },
      options: { levels: [[4]], tower: [] },
    },
    {
      label: 'lists, one of them with attention',
      shape: { tasks: two, ...withLists },
      options: { levels: [[4]], tower: [], activation: 'tanh', normalization: 'layer' },
    },
  ],
});
