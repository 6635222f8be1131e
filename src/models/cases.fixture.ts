import type { ModelShape } from './model.js';
import type { Options } from './reference.fixture.js';

/** A model with options on a shape, and the closed form of its number of parameters. */
export interface Case {
  readonly label: string;
  readonly model: string;
  readonly shape: ModelShape;
  readonly options: Options;
  readonly count: number;
}

const mixed: Omit<ModelShape, 'tasks'> = {
  categorical: [
    { name: 'site', cardinality: 3, embedding: 2 },
    { name: 'hour', cardinality: 4, embedding: 3 },
    { name: 'item', cardinality: 5, embedding: 2 },
  ],
  numeric: ['age', 'wage'],
};
const uniform: Omit<ModelShape, 'tasks'> = {
  categorical: [
    { name: 'site', cardinality: 3, embedding: 2 },
    { name: 'item', cardinality: 4, embedding: 2 },
  ],
  numeric: [],
};
const numeric: Omit<ModelShape, 'tasks'> = { categorical: [], numeric: ['a', 'b', 'c'] };

// One name is the beginning of the other, and the order is not the alphabet's (pitfall 7).
const two = ['click', 'click_buy'];
const three = ['view', 'click', 'buy'];

/** Embeddings and width of x, per kind of input above. */
const M = { embeddings: 3 * 2 + 4 * 3 + 5 * 2, x: 2 + 3 + 2 + 2 };
const U = { embeddings: (3 + 4) * 2, x: 4 };
const N = { embeddings: 0, x: 3 };

/** Weights and biases of a stack of layers of these widths. */
function mlp(...widths: number[]): number {
  return widths.slice(1).reduce((total, width, i) => total + ((widths[i] ?? 0) + 1) * width, 0);
}

export const cases: readonly Case[] = [
  {
    label: 'one task',
    model: 'single-task',
    shape: { tasks: ['click'], ...mixed },
    options: { levels: [[5, 4], [3]], tower: [3] },
    count: M.embeddings + mlp(M.x, 5, 4, 3, 3, 1),
  },
  {
    label: 'three tasks',
    model: 'single-task',
    shape: { tasks: three, ...uniform },
    options: { levels: [[4]], tower: [] },
    count: 3 * (U.embeddings + mlp(U.x, 4, 1)),
  },
  {
    label: 'no layers',
    model: 'single-task',
    shape: { tasks: two, ...uniform },
    options: { levels: [], tower: [] },
    count: 2 * (U.embeddings + mlp(U.x, 1)),
  },
  {
    label: 'two shared layers',
    model: 'hard-sharing',
    shape: { tasks: two, ...mixed },
    options: { levels: [[5, 4]], tower: [3] },
    count: M.embeddings + mlp(M.x, 5, 4) + 2 * mlp(4, 3, 1),
  },
  {
    label: 'no tower layer, numeric only',
    model: 'hard-sharing',
    shape: { tasks: three, ...numeric },
    options: { levels: [[4]], tower: [] },
    count: N.embeddings + mlp(N.x, 4) + 3 * mlp(4, 1),
  },
  {
    label: 'embeddings alone',
    model: 'hard-sharing',
    shape: { tasks: three, ...mixed },
    options: { levels: [], tower: [5, 3] },
    count: M.embeddings + 3 * mlp(M.x, 5, 3, 1),
  },
  {
    label: 'embeddings alone, no tower layer',
    model: 'hard-sharing',
    shape: { tasks: two, ...mixed },
    options: { levels: [], tower: [] },
    count: M.embeddings + 2 * mlp(M.x, 1),
  },
  {
    label: 'concat, middle source',
    model: 'asymmetric-sharing',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4]], tower: [3], source: 'click', fuse: 'concat' },
    count: M.embeddings + 3 * mlp(M.x, 5, 4) + mlp(4, 3, 1) + 2 * mlp(8, 3, 1),
  },
  {
    label: 'sum',
    model: 'asymmetric-sharing',
    shape: { tasks: three, ...uniform },
    options: { levels: [[4]], tower: [3, 2], source: 'buy', fuse: 'sum' },
    count: U.embeddings + 3 * mlp(U.x, 4) + 3 * mlp(4, 3, 2, 1),
  },
  {
    label: 'mean',
    model: 'asymmetric-sharing',
    shape: { tasks: two, ...uniform },
    options: { levels: [[4]], tower: [3], source: 'click', fuse: 'mean' },
    count: U.embeddings + 2 * mlp(U.x, 4) + 2 * mlp(4, 3, 1),
  },
  {
    label: 'three tasks',
    model: 'customized-sharing',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4]], tower: [3] },
    count: M.embeddings + 4 * mlp(M.x, 5, 4) + 3 * mlp(8, 3, 1),
  },
  {
    label: 'three tasks',
    model: 'cross-stitch',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4], [3]], tower: [3] },
    count: M.embeddings + 3 * (mlp(M.x, 5, 4) + mlp(4, 3)) + 2 * 3 * 3 + 3 * mlp(3, 3, 1),
  },
  {
    label: 'two subspaces, unequal widths',
    model: 'sluice',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4], [6], [6]], tower: [3], subspaces: 2, orthogonality: 0.1 },
    count:
      M.embeddings +
      3 * (mlp(M.x, 5, 4) + mlp(4, 6) + mlp(6, 6)) +
      3 * (3 * 2) ** 2 +
      3 * 4 * 6 + // projection of level 1
      3 * 3 + // beta
      3 * mlp(6, 3, 1),
  },
  {
    label: 'three subspaces, one level',
    model: 'sluice',
    shape: { tasks: two, ...uniform },
    options: { levels: [[6]], tower: [], subspaces: 3, orthogonality: 0.5 },
    count: U.embeddings + 2 * mlp(U.x, 6) + (2 * 3) ** 2 + 2 * mlp(6, 1),
  },
  {
    label: "the paper's penalty",
    model: 'sluice',
    shape: { tasks: two, ...mixed },
    options: { levels: [[4], [6]], tower: [], subspaces: 2, penalty: 'frobenius', orthogonality: 0.1 },
    count: M.embeddings + 2 * (mlp(M.x, 4) + mlp(4, 6)) + 2 * (2 * 2) ** 2 + 2 * 4 * 6 + 2 * 2 + 2 * mlp(6, 1),
  },
  {
    label: 'five experts, three tasks',
    model: 'mmoe',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4]], tower: [3], experts: 5 },
    count: M.embeddings + 5 * mlp(M.x, 5, 4) + 3 * M.x * 5 + 3 * mlp(4, 3, 1),
  },
  {
    label: 'one expert',
    model: 'mmoe',
    shape: { tasks: two, ...uniform },
    options: { levels: [[4]], tower: [3], experts: 1 },
    count: U.embeddings + mlp(U.x, 4) + 2 * mlp(4, 3, 1),
  },
  {
    label: 'four experts, three levels',
    model: 'ml-mmoe',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4], [3], [6]], tower: [3], experts: 4 },
    count: M.embeddings + 4 * (mlp(M.x, 5, 4) + mlp(4, 3) + mlp(3, 6)) + (2 * 4 + 3) * M.x * 4 + 3 * mlp(6, 3, 1),
  },
  {
    label: 'equal counts',
    model: 'cgc',
    shape: { tasks: two, ...uniform },
    options: { levels: [[5, 4]], tower: [3], experts: 3 },
    count: U.embeddings + 9 * mlp(U.x, 5, 4) + 2 * U.x * 6 + 2 * mlp(4, 3, 1),
  },
  {
    label: 'unequal counts, one of 0',
    model: 'cgc',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4]], tower: [3], experts: { shared: 2, task: { click: 0, view: 1, buy: 3 } } },
    count: M.embeddings + 6 * mlp(M.x, 5, 4) + M.x * (3 + 2 + 5) + 3 * mlp(4, 3, 1),
  },
  {
    label: 'nothing shared, gates over one expert',
    model: 'cgc',
    shape: { tasks: three, ...uniform },
    options: { levels: [[4]], tower: [3], experts: { shared: 0, task: { view: 1, click: 2, buy: 1 } } },
    count: U.embeddings + 4 * mlp(U.x, 4) + U.x * 2 + 3 * mlp(4, 3, 1),
  },
  {
    label: 'equal counts',
    model: 'ple',
    shape: { tasks: two, ...mixed },
    options: { levels: [[5, 4], [3]], tower: [3], experts: 2 },
    count: M.embeddings + 6 * (mlp(M.x, 5, 4) + mlp(4, 3)) + 2 * (M.x + 4) * 4 + M.x * 6 + 2 * mlp(3, 3, 1),
  },
  {
    label: 'three levels, m_s and m_k differ',
    model: 'ple',
    shape: { tasks: three, ...uniform },
    options: { levels: [[5], [4, 3], [6]], tower: [3], experts: { shared: 3, task: 1 } },
    count:
      U.embeddings +
      6 * (mlp(U.x, 5) + mlp(5, 4, 3) + mlp(3, 6)) +
      3 * (U.x + 5 + 3) * 4 + // task gates
      (U.x + 5) * 6 + // shared gates, not at the last level
      3 * mlp(6, 3, 1),
  },
  {
    label: 'unequal counts, one of 0',
    model: 'ple',
    shape: { tasks: three, ...mixed },
    options: { levels: [[5, 4], [3]], tower: [3], experts: { shared: 2, task: { view: 1, click: 0, buy: 3 } } },
    count: M.embeddings + 6 * (mlp(M.x, 5, 4) + mlp(4, 3)) + (M.x + 4) * (3 + 2 + 5) + M.x * 6 + 3 * mlp(3, 3, 1),
  },
  {
    label: 'nothing shared',
    model: 'ple',
    shape: { tasks: two, ...uniform },
    options: { levels: [[4], [3]], tower: [], experts: { shared: 0, task: 2 } },
    count: U.embeddings + 4 * (mlp(U.x, 4) + mlp(4, 3)) + 2 * (U.x + 4) * 2 + 2 * mlp(3, 1),
  },
  {
    label: 'nothing shared, one expert each',
    model: 'ple',
    shape: { tasks: two, ...uniform },
    options: { levels: [[4], [3]], tower: [3], experts: { shared: 0, task: 1 } },
    count: U.embeddings + 2 * (mlp(U.x, 4) + mlp(4, 3) + mlp(3, 3, 1)),
  },
  {
    label: 'only shared experts',
    model: 'ple',
    shape: { tasks: two, ...uniform },
    options: { levels: [[4], [3]], tower: [3], experts: { shared: 3, task: 0 } },
    count: U.embeddings + 3 * (mlp(U.x, 4) + mlp(4, 3)) + 3 * U.x * 3 + 2 * 4 * 3 + 2 * mlp(3, 3, 1),
  },
];
