import { expect, test } from 'vitest';
import { crossStitch } from './cross-stitch.js';
import { expectShares, mixed, testModel, three } from './model-tests.fixture.js';
import { build, present, startingValues } from './run.fixture.js';
import { at, embed, get, mlp, sum, tower } from './scalars.fixture.js';

testModel(crossStitch, {
  reference(point) {
    let states = point.shape.tasks.map(() => embed(point));
    for (const [index] of point.options.levels.entries()) {
      const name = `level${index + 1}`;
      const x = states.map((state, k) => mlp(point, `${name}.columns`, k, state));
      states = x.map((own, k) =>
        own.map((_, i) => sum(x.map((other, j) => at(point.values, `${name}.stitch`, k, j) * get(other, i)))),
      );
    }
    return { logits: states.map((state, k) => tower(point, 'tower', k, state)) };
  },
  cases: [
    {
      label: 'three tasks',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4], [3]], tower: [3] },
    },
  ],
});

test.each([0.9, 0.4])('15: the stitch starts near the identity, with %d of the own column', (own) => {
  const options = { levels: [[4], [4]], tower: [], own };
  const model = build({ model: crossStitch.name, shape: { tasks: three, ...mixed }, options });
  expectShares(present(startingValues(model)['level2.stitch']).data, 3, own, (row) => row);
  expect(present(model.parameters['level2.stitch']).kind).toBe('bias'); // never decayed
});
