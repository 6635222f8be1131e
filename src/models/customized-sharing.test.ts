import { customizedSharing } from './customized-sharing.js';
import { mixed, testModel, three } from './model-tests.fixture.js';
import { embed, mlp, tower } from './scalars.fixture.js';

testModel(customizedSharing, {
  reference(point) {
    const { tasks } = point.shape;
    const x = embed(point);
    const common = mlp(point, 'bottoms', tasks.length, x);
    return { logits: tasks.map((_, k) => tower(point, 'tower', k, [...common, ...mlp(point, 'bottoms', k, x)])) };
  },
  cases: [
    {
      label: 'three tasks',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3] },
    },
  ],
});
