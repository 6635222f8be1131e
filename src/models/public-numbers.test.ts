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
const three = binaryTasks('view', 'click', 'buy');

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

  // datawhalechina/torch-rechub, torch_rechub/models/multi_task/aitm.py, commit 5a73b2e: the class AITM, by name here and there:
  //   embeddings: embedding.embed_dict; bottoms: bottoms; link<t>.transfer: info_gates[t - 1]; link<t>.value, .key and .query:
  //   aits[t - 1]'s v_layer, k_layer and q_layer; tower: towers
  // Its hidden layers have batch normalisation, the paper's have none. A running variance of 1 - 1e-5 makes it the identity.
  // Each pair of neighbours has its own attention, as here; the authors' AITM_standard.py (b695cfa) has one for all.
  it('has the logits of three tasks', () => {
    const shape = { tasks: three, ...columns };
    const model = build({ model: aitm.name, shape, options: { levels: [[5, 4]], tower: [3] } });
    const values = formulaValues(model, 0.8, 117);
    expectNumbers(logitsOf(model, values, columnRows, shape), [
      [0.768931101, 1.210936352, 1.405485735, 1.42538675],
      [0.135226663, -0.877200589, -0.021269241, -0.955714431],
      [-0.576231195, -0.497004335, -0.531829728, -0.557393771],
    ]);
    expectNumbers(gateWeights(model, values, shape), [
      [0.283055919, 0.716944081, 0.878999634, 0.121000366, 0.512332623, 0.487667377, 0.854760986, 0.145239014],
      [0.253261483, 0.746738517, 0.305866709, 0.694133291, 0.237652524, 0.762347476, 0.059888183, 0.940111817],
    ]);
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
    expectNumbers(gateWeights(model, values, shape), [
      [
        ...[0.185899061, 0.083847383, 0.098253007, 0.291010052, 0.340990497],
        ...[0.193320344, 0.327306783, 0.146041407, 0.066722319, 0.266609147],
        ...[0.198980572, 0.271183982, 0.207146566, 0.176634438, 0.146054442],
        ...[0.080169066, 0.178756883, 0.293466476, 0.177117306, 0.270490268],
      ],
      [
        ...[0.276215298, 0.106732854, 0.030535629, 0.574718709, 0.011797511],
        ...[0.025808684, 0.086683382, 0.326964168, 0.203010621, 0.357533144],
        ...[0.050582189, 0.222207838, 0.318476856, 0.03544981, 0.373283306],
        ...[0.048737101, 0.130479635, 0.272022948, 0.259449783, 0.289310534],
      ],
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

  // The weight of a single native expert is fixed at 1 there; here it starts at 1, and is trained.
  it('has the logits of AdaTT-sp with a single native expert', () => {
    const shape = { tasks: three, ...dense };
    const options = { levels: [[4], [3]], tower: [3], experts: { shared: 0, task: 1 } };
    const model = build({ model: adatt.name, shape, options });
    const ones = { shape: [3], data: [1, 1, 1] };
    const values = { ...formulaValues(model, 0.8, 17), 'level1.native': ones, 'level2.native': ones };
    expectNumbers(logitsOf(model, values, denseRows, shape), [
      [2.188189017, 2.477158571, 1.275839134],
      [-0.708847613, -0.332208322, 0.138059039],
      [0.566890347, 1.00578741, 0.301956852],
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
