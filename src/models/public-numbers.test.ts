import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../support/tf.js';
import { byRow, inBlocks, single } from './layers/axes.js';
import { featureGates } from './layers/feature-gates.js';
import type { Model, ModelShape } from './model.js';
import {
  build,
  evaluationPass,
  type Given,
  logitRows,
  lossGradients,
  memberPart,
  predict,
  present,
} from './run.fixture.js';
import { sum, type Values } from './scalars.fixture.js';
import { binaryTasks } from './tasks.fixture.js';

// Numbers of public programs, run once with the weights below: PyTorch 2.6 (python3-torch of Debian 13), float64, in
// evaluation unless said otherwise. Their classes ran unchanged where nothing else is said, with stand-ins for what
// they import. Commits are heads of repositories, but HoME's. A linear layer's weight is [outputs, inputs] on both
// sides. PyTorch's logits are those before the sigmoid.

/**
 * Value i of the model's parameter k, counted in the model's order, is scale * sin(0.37 i^2 + k + seed); of a variance
 * 1.5 more.
 */
function formulaValues(model: Model, scale: number, seed: number): Record<string, Values[string]> {
  const entries = Object.entries(model.parameters).map(([name, { shape }], k) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const more = name.endsWith('.variance') ? 1.5 : 0;
    const data = Float64Array.from({ length }, (_, i) => scale * Math.sin(0.37 * i * i + k + seed) + more);
    return [name, { shape, data }] as const;
  });
  return Object.fromEntries(entries);
}

const tasks = binaryTasks('click', 'buy');
const item = { name: 'item', cardinality: 3, embedding: 2 };
const columns: ModelShape = { tasks, categorical: [item, { ...item, name: 'site', cardinality: 4 }], numeric: [] };
const columnRows = [
  [0, 3],
  [2, 0],
  [1, 1],
  [2, 2],
].map((categorical, index) => ({ index, categorical, numeric: [] }));

const dense: ModelShape = { tasks, categorical: [], numeric: ['a', 'b', 'c'] };
const denseRows = [
  [0.5, -1, 0.25],
  [-0.75, 0.5, 1.5],
  [1, 2, -0.5],
].map((numeric, index) => ({ index, categorical: [], numeric }));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model with the weights of the formula. */
function made(model: string, shape: ModelShape, options: Given['options'], scale: number, seed: number) {
  const built = build({ model, shape, options });
  return { model: built, shape, values: formulaValues(built, scale, seed) };
}

// adtalos/AITM-torch, python/model.py, commit 27deef4: the class AITM, by name here and there: embeddings:
// embedding_dict (item, then site); bottoms: click_tower, conversion_tower; link1.transfer: info_layer; link1.value,
// .key and .query: attention_layer's v_layer, k_layer and q_layer; tower.logit: click_layer, conversion_layer. It has
// two tasks, and its info_layer is 32 wide.
const ofAitm = made('aitm', columns, { levels: [[5, 4, 32]], tower: [], calibrator: 0.6 }, 0.5, 111);

// The authors' LiangcaiSu/STEM, models/STEM.py with its MLP_Block, commit 769e2af: the class STEM_Layer on embeddings
// x_click, x_buy, x_shared, and linear layers for towers, by name here and there: level1.experts: specific_experts,
// task after task, then shared_experts; level1.selectors and level1.gates: gate. The shared gate of a last layer feeds
// nothing.
const stemOptions = { levels: [[5, 4]], tower: [3], experts: { shared: 1, task: 2 }, gate: [6, 4] };
const ofStem = made('stem', columns, stemOptions, 0.8, 3);

// The authors' facebookresearch/AdaTT, mtl_lib.py, commit 0efdd82: the classes AdaTTSp and AdaTTWSharedExps, and linear
// layers for towers, by name: level<l>.experts: experts[l - 1]; level<l>.gates: gate_weights[l - 1]; level<l>.native:
// self_exp_weights, in AdaTTWSharedExps by module first.
const adattOptions = { levels: [[5, 4], [3]], tower: [3], experts: { shared: 0, task: 2 } };
// num_task_expert_list=[1, 3]
const adattShared = { levels: [[4], [5], [3]], tower: [3], experts: { shared: 2, task: { click: 1, buy: 3 } } };

// Alibaba's TorchEasyRec, tzrec/modules/personalized_net.py, commit 54cac316: EPNet of x and site, PPNet of what it
// makes and item, both with the column's embeddings that are in x, and linear heads, by name here and there:
// embeddingGate: gate_nu; hidden<l>: linears, task after task; gate<l>: gate_nus, likewise. FuxiCTR's PPNet_MLP
// (model_zoo/PEPNet/src/PPNet.py, commit 0245987), a network for each task with gate_hidden_dim=None, had the same
// logits to 1e-16 from what EPNet made; its gates read the same parts in another order.
const pepnetOptions = { levels: [[5, 4]], tower: [3], domain: ['site'], prior: ['item'] };
const ofPepnet = made('pepnet', columns, pepnetOptions, 0.8, 21);

// The authors have no public program.
// ACyberSpace/HoME-Hierarchy-of-Multi-Gate-Experts-for-Multi-Task-Learning-at-Kuaishou, model/experts.py, commit
// 3b28f34, as far as a later commit shows it (that one itself could not be had: its changes were taken back by hand):
// MetaExpertLayer and TaskExpertLayer, with one expert each, and linear towers, by name here and there: level1:
// meta_gates and shared_gates, self_gates; level2: task_gates, self_gates; level<l>.experts.output: linear and bn of
// HoMEExpert. Its gates have biases, ours have none: biases 0. Its feature gates are others (one for all experts of a
// module, the sigmoid outside of the sum, no factor of 2) and feed the gates too: here they were replaced by the
// identity, which ours are where the second matrices are 0.
const homeOptions = { levels: [[4], [4]], tower: [3], groups: [['click'], ['buy', 'view']], experts: 1 };
const ofHome = made('home', { ...dense, tasks: binaryTasks('click', 'buy', 'view') }, homeOptions, 0.8, 40);
for (const name of ['level1.features.up.weight', 'level2.features.up.weight']) {
  const { shape, data } = present(ofHome.values[name]);
  ofHome.values[name] = { shape, data: new Float64Array(data.length) };
}

describe('logits', () => {
  it.each([
    [
      'AITM',
      ofAitm,
      [
        [0.534093623, 0.157010874, 0.42011633, 0.116987268],
        [0.243217938, 0.334516788, 0.541064946, 0.392138471],
      ],
    ],
    [
      'STEM',
      ofStem,
      [
        [0.182298745, 0.206429653, 0.286777009, 0.165886678],
        [1.506162328, 1.481803134, 1.748303907, 1.501105713],
      ],
    ],
    [
      'AdaTT-sp',
      made('adatt', dense, adattOptions, 0.8, 13),
      [
        [1.765290886, 2.737989386, 2.857621261],
        [-0.398283598, -1.908040914, -1.732359576],
      ],
    ],
    [
      'the general AdaTT, with shared experts and unequal counts',
      made('adatt', dense, adattShared, 0.8, 104),
      [
        [1.678129774, 1.639846587, 1.819567206],
        [0.121222044, -0.06423166, 0.103674672],
      ],
    ],
    [
      'PEPNet',
      ofPepnet,
      [
        [0.863046556, 0.79439801, 0.833053596, 0.807202721],
        [0.62488664, 0.536115657, 0.451238092, 0.409862334],
      ],
    ],
    [
      'HoME, by the running statistics',
      ofHome,
      [
        [0.714097254, 0.794042715, 0.643096819],
        [1.175743936, 1.110661425, 1.263617972],
        [0.16108771, 0.008157821, 0.147117227],
      ],
    ],
  ])('of %s', (_, { model, values, shape }, expected) => {
    const rows = shape.numeric.length > 0 ? denseRows : columnRows;
    expectNumbers(logitRows(model, values, rows, shape), expected);
  });
});

describe('aitm', () => {
  const predicted = () => predict(ofAitm.model, ofAitm.values, columnRows, columns);

  it('has the weights of transferred and own information', () => {
    expectNumbers(
      present(predicted().gates).map(({ weights }) => [...weights.dataSync()]), // row after row
      [[0.782493205, 0.217506795, 0.936088522, 0.063911478, 0.773715438, 0.226284562, 0.949784838, 0.050215162]],
    );
  });

  // Its loss() with constraint_weight=0.6, less the two cross entropies, for one row at a time and for all. It adds
  // the sum over rows, ours is their mean. The authors' TensorFlow program has the mean too (xidongbo/AITM, AITM.py,
  // b695cfa).
  it('has the calibrator of each row', () => {
    const penalties = [...present(predicted().rowPenalties).dataSync()];
    expectNumbers([penalties], [[0, 0, 0, 0, 0, 0.026211418, 0.017129418, 0.040550328]]);
    expect(sum(penalties)).toBeCloseTo(0.083891164, 5);
  });
});

/** Gradient times value, of each element of a parameter. */
function products(
  { values }: typeof ofStem,
  gradients: Readonly<Record<string, Float32Array>>,
  name: string,
): number[] {
  return Array.from(present(gradients[name]), (gradient, i) => gradient * present(values[name]?.data[i]));
}

// Of the sum of a task's logits: gradient times value, summed over a table, and over an expert's first weights.
it.each([
  ['click', 0, [-0.029330911, 0, -0.060419138], [0.063651479, -0.114678991, 0, 0, -0.114733573]],
  ['buy', 1, [0, 0.457331108, -0.228176197], [0, 0, 0.369073309, 0.118853858, 0.009612069]],
])('stem has the gradients of %s', (_task, k, ofTables, ofExperts) => {
  const gradients = lossGradients(ofStem.model, ofStem.values, columnRows, columns, ({ logits }) =>
    tf.sum(logits.slice([k, 0], [1, columnRows.length])),
  );
  const tables = ['click', 'buy', 'shared'].map((module) => sum(products(ofStem, gradients, `${module}.embeddings.2`)));
  const weights = Float32Array.from(products(ofStem, gradients, 'level1.experts.0.weight'));
  const experts = ofExperts.map((_, expert) => sum([...memberPart(weights, ofExperts.length, expert)]));
  expectNumbers([tables, experts], [ofTables, ofExperts]);
});

// Of the sum of all logits: gradient times value, summed over the tables of item and site. Gates train prior columns
// alone.
it('pepnet has the gradients of the embeddings', () => {
  const { model, values } = ofPepnet;
  const gradients = lossGradients(model, values, columnRows, columns, ({ logits }) => tf.sum(logits));
  const found = products(ofPepnet, gradients, 'embeddings.2');
  expectNumbers([[sum(found.slice(0, 6)), sum(found.slice(6))]], [[-0.095087532, -0.544111071]]);
});

describe('home', () => {
  it('has the logits in training, by those of the batch, and moves the running ones', () => {
    const seen: Record<string, number[]> = {};
    const observe = (name: string, value: Tensor) => {
      seen[name] = [...value.dataSync()];
    };
    const context = { training: true, noise: {}, rows: tf.ones([denseRows.length]), observe };
    const { logits } = predict(ofHome.model, ofHome.values, denseRows, ofHome.shape, context);
    const flat = [...logits.dataSync()];
    expectNumbers(
      [flat.slice(0, 3), flat.slice(3, 6), flat.slice(6)],
      [
        [0.815157256, 0.951319504, 1.132960607],
        [0.348636113, 1.021037534, 0.690874852],
        [-0.691494434, -0.397154982, -0.669729125],
      ],
    );
    // Of the shared expert of level 2, the last one.
    const last = (name: string) => present(seen[`level2.experts.output.0.${name}`]).slice(-4);
    expectNumbers(
      [last('mean'), last('variance')],
      [
        [-0.264766236, 0.625439462, -0.451106944, -0.049439289],
        [1.797493746, 1.266368144, 1.592337344, 0.67708216],
      ],
    );
  });

  // AlexWeiWGL/home_moe_kernels, HoME.py, commit efef123: v times the class LoRAGate of v, of rank 2. Value i of its A
  // is 0.8 sin(0.37 i^2 + 1), of its B 0.8 sin(0.37 i^2 + 2), counted in the order of ours, which are the transposes.
  it('scales an input as LoRAGate does', () => {
    const layer = featureGates('features', ['expert'], 3, 1);
    const formula = (k: number, sides: readonly number[]) =>
      tf.tensor(
        Array.from({ length: 6 }, (_, i) => 0.8 * Math.sin(0.37 * i * i + k)),
        [...sides],
        'float32',
      );
    const parameters = {
      'features.weight': tf.zeros([1, 1, 3]),
      'features.down.weight': formula(1, [1, 2, 3]),
      'features.up.weight': formula(2, [1, 3, 2]),
    };
    const input = inBlocks(tf.tensor2d(denseRows.map(({ numeric }) => numeric)));
    const scaled = byRow(single(layer.apply(evaluationPass(parameters), input, [0]))).dataSync();
    expectNumbers(
      [[...scaled]],
      [
        [
          0.312089607, -1.351502985, 0.312451293, -0.900035965, 0.472778071, 1.913398635, 1.699354216, 1.190999085,
          -0.76910064,
        ],
      ],
    );
  });
});

function expectNumbers(found: readonly number[][], expected: readonly (readonly number[])[]): void {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  for (const [k, row] of expected.entries())
    for (const [i, value] of row.entries()) expect(found[k]?.[i], `${k} ${i}`).toBeCloseTo(value, 5);
}
