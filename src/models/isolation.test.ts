import { expect, it } from 'vitest';
import type { Step } from '../engine/engine.js';
import { engineOn } from '../engine/engine-on.js';
import { float32 } from '../support/arrays.js';
import { evaluating } from './model.js';
import { build, present, randomRows, randomValues, toInputs } from './run.fixture.js';

const shape = { tasks: ['view', 'click', 'buy'], categorical: [], numeric: ['a', 'b'] };
const experts = ['view/0', 'click/0', 'click/1', 'buy/0', 'shared/0'];
const model = build({
  model: 'cgc',
  shape,
  options: { levels: [[4]], tower: [3], experts: { shared: 1, task: { view: 1, click: 2, buy: 1 } } },
});
const rows = randomRows(shape, 32);
const weight = 'level1.experts.0.weight';

// pitfalls.test.ts has the same for more models, in plain JavaScript. Here the weights that must be 0 are ONNX Runtime's.
it('3: in the compiled engine an expert reaches its own task alone, or all', async () => {
  const state = Object.fromEntries(
    Object.entries(randomValues(model)).map(([name, { shape: sides, data }]) => [
      name,
      // Positive biases: no ReLU is dead for every row.
      float32(
        sides,
        Float32Array.from(data, (value) => (name.endsWith('.bias') ? 1 : value)),
      ),
    ]),
  );
  const inputs = toInputs(rows, shape);
  const step: Step = (parameters) => ({
    state: {},
    outputs: { logits: model.apply(parameters, inputs, evaluating).logits },
  });
  const batch = { tick: { dtype: 'float32', shape: [] } } as const;
  const program = await engineOn({ engine: 'compiled', device: 'cpu' }).compile(step, { state, batch });
  const logitsByTask = async () => {
    const { data } = present((await program.run({ tick: float32([1]) })).logits);
    return shape.tasks.map((_, task) => Array.from(data.slice(task * rows.length, (task + 1) * rows.length)));
  };
  const before = await logitsByTask();
  const { shape: sides, data } = present(state[weight]);
  const size = data.length / experts.length;
  for (const [expert, name] of experts.entries()) {
    const changed = Float32Array.from(data, (value, i) => (Math.floor(i / size) === expert ? value + 0.5 : value));
    await program.writeState({ [weight]: float32(sides, changed) });
    const after = await logitsByTask();
    const reached = shape.tasks.filter((_, task) => before[task]?.join() !== after[task]?.join());
    const [owner] = name.split('/');
    expect(reached).toEqual(owner === 'shared' ? shape.tasks : [owner]);
  }
  await program.release();
});
