import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../support/tf.js';
import { adatt } from './adatt.js';
import { aitm } from './aitm.js';
import type { Model, ModelShape } from './model.js';
import { build, gradientsOf, logitsOf, memberOf, predict, present } from './run.fixture.js';
import { sum, type Values } from './scalars.fixture.js';
import { stem } from './stem.js';
import { binaryTasks } from './tasks.fixture.js';

// Numbers of public programs, run once with the weights below: PyTorch 2.6 (python3-torch of Debian 13), float64, in evaluation. Their
// classes ran unchanged; STEM's had stand-ins for its feature map and for pandas, h5py and tqdm. Commits are the heads of repositories. A
// linear layer's weight is [outputs, inputs] on both sides. PyTorch's logits are those before the sigmoid.

/** Value i of the model's parameter k, counted in the model's order, is scale * sin(0.37 i^2 + k + seed). */
function formulaValues(model: Model, scale: number, seed: number): Record<string, Values[string]> {
  const entries = Object.entries(model.parameters).map(([name, { shape }], k) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const data = Float64Array.from({ length }, (_, i) => scale * Math.sin(0.37 * i * i + k + seed));
    return [name, { shape, data }] as const;
  });
  return Object.fromEntries(entries);
}

const columns: Omit<ModelShape, 'tasks'> = {
  categorical: [
    { name: 'item', cardinality: 3, embedding: 2 },
    { name: 'site', cardinality: 4, embedding: 2 },
  ],
  numeric: [],
};
const columnRows = [
  [0, 3],
  [2, 0],
  [1, 1],
  [2, 2],
].map((categorical, index) => ({ index, categorical, numeric: [] }));

const dense: Omit<ModelShape, 'tasks'> = { categorical: [], numeric: ['a', 'b', 'c'] };
const denseRows = [
  [0.5, -1, 0.25],
  [-0.75, 0.5, 1.5],
  [1, 2, -0.5],
].map((numeric, index) => ({ index, categorical: [], numeric }));

const two = binaryTasks('click', 'buy');

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('aitm', () => {
  // adtalos/AITM-torch, python/model.py, commit 27deef4: the class AITM, by name here and there:
  //   embeddings: embedding_dict (item, then site); bottoms: click_tower, conversion_tower; link1.transfer: info_layer;
  //   link1.value, .key and .query: attention_layer's v_layer, k_layer and q_layer; tower.logit: click_layer, conversion_layer
  // It has two tasks, and its info_layer is 32 wide.
  describe('two tasks', () => {
    const shape = { tasks: two, ...columns };
    const model = build({ model: aitm.name, shape, options: { levels: [[5, 4, 32]], tower: [], calibrator: 0.6 } });
    const values = formulaValues(model, 0.5, 111);

    it('has the logits, and weights of transferred and own information', () => {
      expectNumbers(logitsOf(model, values, columnRows, shape), [
        [0.534093623, 0.157010874, 0.42011633, 0.116987268],
        [0.243217938, 0.334516788, 0.541064946, 0.392138471],
      ]);
      expectNumbers(gateWeights(model, values, shape), [
        [0.782493205, 0.217506795, 0.936088522, 0.063911478, 0.773715438, 0.226284562, 0.949784838, 0.050215162],
      ]);
    });

    // Its loss() with constraint_weight=0.6, less the two cross entropies, for one row at a time and for all.
    // It adds the sum over rows, ours is their mean. The authors' TensorFlow program has the mean too (xidongbo/AITM, AITM.py, b695cfa).
    it('has the calibrator of each row', () => {
      const penalties = [...present(predict(model, values, columnRows, shape).rowPenalties).dataSync()];
      expectNumbers([penalties], [[0, 0, 0, 0, 0, 0.026211418, 0.017129418, 0.040550328]]);
      expect(sum(penalties)).toBeCloseTo(0.083891164, 5);
    });
  });
});

// The authors' LiangcaiSu/STEM, models/STEM.py with its fuxictr, commit 769e2af: the class STEM, by name here and there:
//   <module>.embeddings: embedding_layer's columns 0-1 of click, 2-3 of buy, 4-5 shared; level1.experts: stem_layers[0]'s
//   specific_experts, task after task, then shared_experts; level1.gates: stem_layers[0].gate; tower: tower
// Its gates have hidden layers and biases, ours have neither: gate_hidden_units=[], biases 0. The shared gate of a last layer feeds nothing.
// Its embedding of a numeric column is left out: ours has none.
describe('stem', () => {
  const shape = { tasks: two, ...columns };
  const options = { levels: [[5, 4]], tower: [3], experts: { shared: 1, task: 2 } };
  const model = build({ model: stem.name, shape, options });
  const values = formulaValues(model, 0.8, 3);

  it('has the logits and gates', () => {
    expectNumbers(logitsOf(model, values, columnRows, shape), [
      [1.109616293, 1.066322768, 0.908242655, 1.018735579],
      [0.119213543, -0.013378419, -0.074473715, 0.026750557],
    ]);
  });

  // Of the sum of a task's logits: gradient times value, summed over a table, and over an expert's first weights.
  it.each([
    ['click', 0, [-0.2009727, 0, 0.112258206], [-0.117142637, -0.02421248, 0, 0, 0.00752562]],
    ['buy', 1, [0, -0.764132835, -0.101831761], [0, 0, -0.607767456, -0.110038975, -0.128067315]],
  ])('has the gradients of %s', (_task, k, ofTables, ofExperts) => {
    const gradients = gradientsOf(model, values, columnRows, shape, ({ logits }) =>
      tf.sum(logits.slice([k, 0], [1, columnRows.length])),
    );
    const products = (name: string) =>
      present(gradients[name]).map((gradient, i) => gradient * present(values[name]?.data[i]));
    const tables = ['click', 'buy', 'shared'].map((module) => sum([...products(`${module}.embeddings.2`)]));
    const weights = products('level1.experts.0.weight');
    const experts = ofExperts.map((_, expert) => sum([...memberOf(weights, ofExperts.length, expert)]));
    expectNumbers([tables, experts], [ofTables, ofExperts]);
  });
});

// The authors' facebookresearch/AdaTT, mtl_lib.py, commit 0efdd82: the class CentralTaskArch, by name here and there, in mtl_arch:
//   level<l>.experts: experts[l - 1]; level<l>.gates: gate_weights[l - 1]; level<l>.native: self_exp_weights[l - 1]; tower: task_modules
// Its gates have biases, ours have none: biases 0.
describe('adatt', () => {
  it('has the logits of AdaTT-sp', () => {
    const shape = { tasks: two, ...dense };
    const options = { levels: [[5, 4], [3]], tower: [3], experts: { shared: 0, task: 2 } };
    const model = build({ model: adatt.name, shape, options });
    expectNumbers(logitsOf(model, formulaValues(model, 0.8, 12), denseRows, shape), [
      [0.302419279, -0.07280721, 0.077340073],
      [0.648606828, 1.04879112, 0.923700211],
    ]);
  });

  // mtl_arch is its AdaTTWSharedExps with num_task_expert_list=[1, 3]; self_exp_weights lie by module, then by level.
  it('has the logits of the general AdaTT, with shared experts and unequal counts', () => {
    const shape = { tasks: two, ...dense };
    const options = { levels: [[4], [5], [3]], tower: [3], experts: { shared: 2, task: { click: 1, buy: 3 } } };
    const model = build({ model: adatt.name, shape, options });
    expectNumbers(logitsOf(model, formulaValues(model, 0.8, 107), denseRows, shape), [
      [1.669889264, 1.876914868, 2.689235702],
      [0.306454757, 0.370881022, 0.457964892],
    ]);
  });
});

/** Of each gate, row after row. */
function gateWeights(model: Model, values: Values, shape: ModelShape): number[][] {
  const { gates } = predict(model, values, columnRows, shape);
  return present(gates).map(({ weights }) => [...weights.dataSync()]);
}

function expectNumbers(found: readonly number[][], expected: readonly (readonly number[])[]): void {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  for (const [k, row] of expected.entries())
    for (const [i, value] of row.entries()) expect(found[k]?.[i], `${k} ${i}`).toBeCloseTo(value, 5);
}
