import { expect, test } from 'vitest';
import { aitm } from './aitm.js';
import { layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import { build, present } from './run.fixture.js';
import { embed, get, type LayerOptions, linear, mlp, softmax, sum, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly calibrator?: number;
}

testModel<Options>(aitm, {
  reference(point) {
    const tasks = point.shape.tasks.map(({ name }) => name);
    const { calibrator = 0.6 } = point.options;
    const x = embed(point);
    const gates: Record<string, { experts: string[]; weights: number[] }> = {};
    let z: number[] = [];
    const probabilities: number[] = [];
    const logits = tasks.map((task, t) => {
      const q = mlp(point, 'bottoms', t, x);
      if (t === 0) z = q;
      else {
        const candidates = [mlp(point, `link${t}.transfer`, 0, z), q];
        const agreement = candidates.map((u) => {
          const [key, query] = ['key', 'query'].map((part) => linear(point, `link${t}.${part}`, 0, u));
          return sum((key ?? []).map((value, i) => value * get(query ?? [], i))) / Math.sqrt(q.length);
        });
        const weights = softmax(agreement);
        gates[`1/${task}`] = { experts: [get(tasks, t - 1), task], weights };
        z = weighted(
          weights,
          candidates.map((u) => linear(point, `link${t}.value`, 0, u)),
        );
      }
      const logit = tower(point, 'tower', t, z);
      probabilities.push(1 / (1 + Math.exp(-logit)));
      return logit;
    });
    const excess = probabilities.map((p, t) => (t === 0 ? 0 : calibrator * Math.max(0, p - get(probabilities, t - 1))));
    return { logits, gates, ...(calibrator === 0 ? {} : { rowPenalties: excess }) };
  },
  cases: [
    {
      label: 'three tasks, the paper’s calibrator',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3] },
      count: M.embeddings + 3 * layers(M.x, 5, 4) + 2 * (layers(4, 4) + 3 * 4 * 4) + 3 * layers(4, 3, 1),
    },
    {
      label: 'two tasks, without calibrator',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4]], tower: [], calibrator: 0 },
      count: U.embeddings + 2 * layers(U.x, 4) + layers(4, 4) + 3 * 4 * 4 + 2 * layers(4, 1),
    },
  ],
});

test('a regression task is refused', () => {
  const tasks = [present(two[0]), { name: 'stay', type: 'regression' } as const];
  const attempt = () => build({ model: aitm.name, shape: { tasks, ...mixed }, options: { levels: [[4]], tower: [] } });
  expect(attempt).toThrow(/model 'aitm' takes binary tasks alone, and 'stay' is of type regression/);
});
