import { mixed, testModel, three } from './model-tests.fixture.js';
import { omoe } from './omoe.js';
import { embed, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: number;
}

testModel<Options>(omoe, {
  reference(point) {
    const n = point.options.experts;
    const x = embed(point);
    const f = Array.from({ length: n }, (_, e) => mlp(point, 'level1.experts', e, x));
    const weights = n === 1 ? [1] : softmax(linear(point, `level1.gates.${n}`, 0, x));
    return {
      logits: point.shape.tasks.map((_, k) => tower(point, 'tower', k, weighted(weights, f))),
      gates: { '1/shared': { experts: f.map((_, e) => `shared/${e}`), weights } },
    };
  },
  cases: [
    {
      label: 'five experts, three tasks',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: 5 },
    },
  ],
});
