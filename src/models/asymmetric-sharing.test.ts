import { asymmetricSharing } from './asymmetric-sharing.js';
import { mixed, testModel, three, two, uniform } from './model-tests.fixture.js';
import { embed, get, type LayerOptions, mlp, tower } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly source: string;
  readonly fuse: 'concat' | 'sum' | 'mean';
}

testModel<Options>(asymmetricSharing, {
  reference(point) {
    const { source, fuse } = point.options;
    const x = embed(point);
    const s = point.shape.tasks.findIndex(({ name }) => name === source);
    const common = mlp(point, 'bottoms', s, x);
    let other = -1; // position among the tasks that are not the source
    const logits = point.shape.tasks.map((_, k) => {
      if (k !== s) other++;
      const own = mlp(point, 'bottoms', k, x);
      if (fuse === 'concat') {
        return k === s ? tower(point, 'sourceTower', 0, common) : tower(point, 'tower', other, [...common, ...own]);
      }
      const fused = common.map((value, i) => (value + get(own, i)) * (fuse === 'mean' ? 0.5 : 1));
      return tower(point, 'tower', k, k === s ? common : fused);
    });
    return { logits };
  },
  cases: [
    {
      label: 'concat, middle source',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], source: 'click', fuse: 'concat' },
    },
    {
      label: 'sum',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [3, 2], source: 'buy', fuse: 'sum' },
    },
    {
      label: 'mean',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4]], tower: [3], source: 'click', fuse: 'mean' },
    },
  ],
});
