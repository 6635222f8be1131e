import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../support/tf.js';
import { type ForwardPass, type Gate, glorot, type Layer, parameterNamed, zeroBias } from '../model.js';
import type { GateStart } from '../options.js';
import { addBias, byRow, type Features, isRange, product, withGradient } from './axes.js';

export interface GateSpec {
  readonly name: string;
  /** Indexes of the experts that the gate mixes, in the order of its weights. */
  readonly sees: readonly number[];
}

export interface Gates extends Layer {
  /**
   * @param input what gates select with: one input for all, or streams, the first for the first gate and so on. There
   * may be more streams than gates.
   * @param outputs a stream per expert
   * @returns a stream per gate, in their order
   */
  apply(
    pass: ForwardPass,
    input: Features,
    outputs: Features,
  ): { readonly mixtures: Features; readonly gates: readonly Gate[] };
}

/** A logit whose exponential is 0. Minus infinity would do, but a GPU's shader need not know infinities. */
const unseenLogit = -1e30;

/**
 * The gates of one level: g(x) = softmax(W x), without bias or hidden layer (MMoE eq. 7-8, PLE eq. 2-4). Parameter
 * `level<l>.gates.<experts>.weight` [gates, experts, inputs] holds the gates over that number of experts. A gate over
 * one expert passes it on and holds no parameters. All are computed together, over all experts of the level:
 * `unseenLogit` makes the weight of an expert that a gate does not see 0.
 * @param biased g(x) = softmax(W x + b), with `.bias` [gates, 1, experts].
 */
export function gates(
  level: number,
  specs: readonly GateSpec[],
  experts: readonly string[],
  inputs: number,
  { gateStart }: { readonly gateStart: GateStart },
  biased = false,
): Gates {
  const groups = gateGroups(level, specs);
  const logits = gateLogits(groups, specs, experts.length, inputs, biased);
  const unseen = specs.flatMap(({ sees }) => experts.map((_, expert) => (sees.includes(expert) ? 0 : unseenLogit)));
  const mask = () => tf.tensor(unseen, [1, specs.length, experts.length, 1]);
  return {
    parameters: Object.fromEntries(
      groups.flatMap(({ weight, bias, count, members }) => {
        const names = members.map(({ name }) => name);
        const drawn = glorot(names, inputs, count);
        const started = gateStart === 'zero' ? { ...drawn, start: () => undefined } : drawn;
        return [[weight, started], ...(biased ? [[bias, zeroBias(names, count)] as const] : [])];
      }),
    ),
    apply({ parameters }, input, outputs) {
      const ofAll = logits(parameters, input, outputs.shape);
      const gateWeights = overExperts(unseen.some((logit) => logit !== 0) ? tf.add(ofAll, mask()) : ofAll);
      return {
        mixtures: mixtures(gateWeights, outputs),
        gates: specs.map(({ name, sees }, gate) => ({
          level,
          gate: name,
          experts: sees.map((expert) => experts[expert] ?? ''),
          weights: seenWeights(gateWeights, gate, sees),
        })),
      };
    },
  };
}

/** Gates over the same number of experts are a group, with their parameters together. Those over one expert are in none. */
function gateGroups(level: number, specs: readonly GateSpec[]) {
  return [...new Set(specs.map(({ sees }) => sees.length))]
    .filter((count) => count > 1)
    .map((count) => ({
      weight: `level${level}.gates.${count}.weight`,
      bias: `level${level}.gates.${count}.bias`,
      count,
      members: specs.filter(({ sees }) => sees.length === count),
    }));
}

/**
 * The gates' logits: [blocks, gates, experts, rows], 0 where a gate does not see an expert.
 * @param experts of the level
 */
function gateLogits(
  groups: ReturnType<typeof gateGroups>,
  specs: readonly GateSpec[],
  experts: number,
  inputs: number,
  biased: boolean,
) {
  /** Where each row of the parameters, one after the other, belongs among [gates, experts]. */
  const expertRows = groups.flatMap(({ members }) =>
    members.flatMap((member) => member.sees.map((expert) => specs.indexOf(member) * experts + expert)),
  );
  return (
    values: ForwardPass['parameters'],
    input: Features,
    [blocks = 0, , , rows = 0]: readonly number[],
  ): Tensor => {
    const shape: [number, number, number, number] = [blocks, specs.length, experts, rows];
    if (groups.length === 0) return tf.zeros(shape);
    const weights = tf.concat(groups.map(({ weight }) => parameterNamed(values, weight).reshape([-1, inputs])));
    // Products with rows of zeros, and streams without a gate, cost less than moving logits.
    const [streams = 0] = input.rank === 4 ? input.shape.slice(1) : [specs.length];
    const weight = scattered(weights, expertRows, streams * experts).reshape([streams, experts, inputs]);
    const logits = product(input, weight).slice([0, 0, 0, 0], shape);
    if (!biased) return logits;
    const biases = tf.concat(groups.map(({ bias }) => parameterNamed(values, bias).reshape([-1, 1])));
    const bias = scattered(biases, expertRows, specs.length * experts).reshape([specs.length, 1, experts]);
    return addBias(logits, bias);
  };
}

/** Puts rows at their indexes among `count` rows; 0 elsewhere. */
function scattered(values: Tensor, indexes: readonly number[], count: number): Tensor {
  if (isRange(indexes, count)) return values;
  const zeros = tf.zeros([1, values.shape[1] ?? 0]);
  const from: number[] = Array.from({ length: count }, () => indexes.length);
  for (const [row, index] of indexes.entries()) from[index] = row;
  // The gradient of a look-up is a scatter, but every index has one row at most.
  return withGradient(
    [values],
    (v) => tf.gather(tf.concat([v, zeros]), tf.tensor1d(from, 'int32')),
    (dy) => [tf.gather(dy, tf.tensor1d([...indexes], 'int32'))],
  );
}

/** A gate's weights of the experts that it sees, [batch, experts]. */
function seenWeights(gateWeights: Tensor, gate: number, sees: readonly number[]): Tensor {
  const [blocks = 0, , experts = 0, rows = 0] = gateWeights.shape;
  const ofGate = gateWeights.slice([0, gate, 0, 0], [blocks, 1, experts, rows]);
  const weights = byRow(ofGate.reshape([blocks, experts, rows]));
  return isRange(sees, experts) ? weights : tf.gather(weights, tf.tensor1d([...sees], 'int32'), 1);
}

/**
 * Softmax over the experts of logits [blocks, gates, experts, rows]. Loops run along the rows, so that they are long
 * even with few experts.
 */
export function overExperts(logits: Tensor): Tensor {
  const softmax = (x: Tensor) => {
    const powers = tf.exp(tf.sub(x, tf.max(x, 2, true)));
    return tf.div(powers, tf.sum(powers, 2, true));
  };
  return withGradient([logits], softmax, (dy, x) => {
    const y = softmax(x);
    const weighted = tf.mul(dy, y);
    return [tf.sub(weighted, tf.mul(tf.sum(weighted, 2, true), y))];
  });
}

/** [blocks, gates, experts, rows] and [blocks, experts, width, rows] -> [blocks, gates, width, rows]. */
export function mixtures(gateWeights: Tensor, outputs: Tensor): Tensor {
  const [blocks = 0, gates = 0, experts = 0, rows = 0] = gateWeights.shape;
  const [, , width = 0] = outputs.shape;
  const products = gates * experts * width;
  if (products <= fewProducts && products * blocks * rows <= smallProducts) return mixturesByPair(gateWeights, outputs);
  // A product for each row. Reshaped to three sides before they are transposed, which ONNX Runtime does faster.
  const byRows = (x: Tensor, height: number, breadth: number) =>
    x
      .reshape([blocks, height * breadth, rows])
      .transpose([0, 2, 1])
      .reshape([blocks * rows, height, breadth]);
  const mixed = tf.matMul(byRows(gateWeights, gates, experts), byRows(outputs, experts, width));
  return mixed
    .reshape([blocks, rows, gates * width])
    .transpose([0, 2, 1])
    .reshape([blocks, gates, width, rows]);
}

/**
 * Up to this number of products a row, one elementwise product per pair of gate and expert is cheaper. A small matrix
 * product per row must first transpose its operands.
 */
const fewProducts = 2 ** 12;
/** Above this number of elements the matrix product is cheaper: caches (16 MiB) do not hold the others. */
const smallProducts = 2 ** 22;

/** {@link mixtures} with elementwise products. */
function mixturesByPair(gateWeights: Tensor, outputs: Tensor): Tensor {
  const [blocks = 0, gates = 0, experts = 0, rows = 0] = gateWeights.shape;
  const [, , width = 0] = outputs.shape;
  const byExpert = (w: Tensor) => w.transpose([0, 2, 1, 3]).reshape([blocks, experts, gates, 1, rows]);
  const ofExpert = (h: Tensor) => h.reshape([blocks, experts, 1, width, rows]);
  // tfjs's gradient would first copy dy for every pair. All products are [blocks, experts, gates, width, rows]: they
  // can lie in one place.
  return withGradient(
    [gateWeights, outputs],
    (w, h) => tf.sum(tf.mul(byExpert(w), ofExpert(h)), 1),
    (dy, w, h) => {
      const ofGate = dy.reshape([blocks, 1, gates, width, rows]);
      return [tf.sum(tf.mul(ofGate, ofExpert(h)), 3).transpose([0, 2, 1, 3]), tf.sum(tf.mul(byExpert(w), ofGate), 2)];
    },
  );
}
