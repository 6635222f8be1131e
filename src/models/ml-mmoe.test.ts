import { mlMmoe } from './ml-mmoe.js';
import { namesOf } from './model.js';
import { mixed, testModel, three } from './model-tests.fixture.js';
import { embed, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: number;
}

testModel<Options>(mlMmoe, {
  reference(point) {
    const { shape, options } = point;
    const n = options.experts;
    const x = embed(point);
    const gates: Record<string, { experts: string[]; weights: number[] }> = {};
    let inputs = Array.from({ length: n }, () => x);
    for (const [index] of options.levels.entries()) {
      const level = index + 1;
      const f = inputs.map((input, e) => mlp(point, `level${level}.experts`, e, input));
      const feeds = level === options.levels.length ? namesOf(shape.tasks) : f.map((_, e) => `shared/${e}`);
      inputs = feeds.map((feed, g) => {
        const weights = softmax(linear(point, `level${level}.gates.${n}`, g, x));
        gates[`${level}/${feed}`] = { experts: f.map((_, e) => `shared/${e}`), weights };
        return weighted(weights, f);
      });
    }
    return { logits: inputs.map((z, k) => tower(point, 'tower', k, z)), gates };
  },
  cases: [
    {
      label: 'four experts, three levels',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4], [3], [6]], tower: [3], experts: 4 },
    },
  ],
});
