import { aitm } from './aitm.js';
import { mixed, testModel, three, two, uniform } from './model-tests.fixture.js';
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
    },
    {
      label: 'two tasks, without calibrator',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4]], tower: [], calibrator: 0 },
    },
  ],
});
