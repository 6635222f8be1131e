import { expect, test } from 'vitest';
import { engineOn } from '../engine/devices/engine-on.js';
import type { Step } from '../engine/engine.js';
import { float32 } from '../support/arrays.js';
import { cgc } from './cgc.js';
import { evaluating, namesOf } from './model.js';
import { countsOf, layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import type { Experts } from './options.js';
import { build, present, randomRows, randomValues, toInputs } from './run.fixture.js';
import { embed, get, type LayerOptions, linear, mlp, softmax, tower, weighted } from './scalars.fixture.js';
import { binaryTasks } from './tasks.fixture.js';

interface Options extends LayerOptions {
  readonly experts: Experts;
}

testModel<Options>(cgc, {
  reference(point) {
    const tasks = namesOf(point.shape.tasks);
    const counts = countsOf(point.options.experts);
    const x = embed(point);
    const names = [...tasks, 'shared'].flatMap((owner) =>
      Array.from({ length: counts(owner) }, (_, i) => `${owner}/${i}`),
    );
    const outputs = names.map((_, e) => mlp(point, 'level1.experts', e, x));
    const gates = tasks.map((task, k) => {
      const sees = [...Array(counts(task)).keys()].map((i) => `${task}/${i}`);
      sees.push(...[...Array(counts('shared')).keys()].map((i) => `shared/${i}`));
      // Gates over equally many experts lie together.
      const like = tasks.slice(0, k).filter((before) => counts(before) === counts(task)).length;
      const weights = sees.length === 1 ? [1] : softmax(linear(point, `level1.gates.${sees.length}`, like, x));
      return { experts: sees, weights };
    });
    const mixtures = gates.map(({ experts, weights }) =>
      weighted(
        weights,
        experts.map((name) => get(outputs, names.indexOf(name))),
      ),
    );
    return {
      logits: mixtures.map((z, k) => tower(point, 'tower', k, z)),
      gates: Object.fromEntries(tasks.map((task, k) => [`1/${task}`, get(gates, k)])),
    };
  },
  cases: [
    {
      label: 'equal counts',
      shape: { tasks: two, ...uniform },
      options: { levels: [[5, 4]], tower: [3], experts: 3 },
      count: U.embeddings + 9 * layers(U.x, 5, 4) + 2 * U.x * 6 + 2 * layers(4, 3, 1),
    },
    {
      label: 'unequal counts, one of 0',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: { shared: 2, task: { click: 0, view: 1, buy: 3 } } },
      count: M.embeddings + 6 * layers(M.x, 5, 4) + M.x * (3 + 2 + 5) + 3 * layers(4, 3, 1),
    },
    {
      label: 'nothing shared, gates over one expert',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [3], experts: { shared: 0, task: { view: 1, click: 2, buy: 1 } } },
      count: U.embeddings + 4 * layers(U.x, 4) + U.x * 2 + 3 * layers(4, 3, 1),
    },
  ],
});

const shape = { tasks: binaryTasks('view', 'click', 'buy'), categorical: [], numeric: ['a', 'b'] };
const experts = ['view/0', 'click/0', 'click/1', 'buy/0', 'shared/0'];
const model = build({
  model: 'cgc',
  shape,
  options: { levels: [[4]], tower: [3], experts: { shared: 1, task: { view: 1, click: 2, buy: 1 } } },
});
const rows = randomRows(shape, 32);
const weight = 'level1.experts.0.weight';

// pitfalls.test.ts has the same for more models, in plain JavaScript. Here the weights that must be 0 are ONNX Runtime's.
test('3: in the compiled engine an expert reaches its own task alone, or all', async () => {
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
    const reached = namesOf(shape.tasks).filter((_, task) => before[task]?.join() !== after[task]?.join());
    const [owner] = name.split('/');
    expect(reached).toEqual(owner === 'shared' ? namesOf(shape.tasks) : [owner]);
  }
  await program.release();
});
