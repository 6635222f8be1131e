import type { Dataset } from '../../data/dataset.js';
import { standard } from '../../engine/lower/lower.js';
import { describe, type Node, type Value, valueNamed } from '../../engine/record/graph.js';
import { trace } from '../../engine/record/trace.js';
import { attributeProtos } from '../../engine/run/model-graph.js';
import type { HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { batchArrays, evaluationStep } from '../../training/step.js';
import type { ServedSet } from '../trained-run.js';
import type { OnnxNodes } from './onnx-nodes.js';

/** What a model must know of its data. */
export type ModelData = Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>;

/**
 * Names of a model's inputs: `categorical` int32 [N, F] and `numeric` float32 [N, D], absent without columns; `rows`
 * int64 [1], N.
 */
interface ModelInputNames {
  readonly categorical: string | undefined;
  readonly numeric: string | undefined;
  readonly rows: string;
}

/**
 * Adds a model to a graph, for any number of rows N. A recording has a batch size in its shapes. So the model is
 * recorded at two sizes, and both recordings are merged, from the logits to the inputs. Integers that differ are linear
 * in N; nothing else may differ.
 * @param prefix before the names of the parameters
 * @returns the name of the logits, float32 [outputs, N].
 */
export function modelNodes(
  nodes: OnnxNodes,
  { model, parameters }: Pick<ServedSet, 'model' | 'parameters'>,
  data: ModelData,
  { categorical, numeric, rows }: ModelInputNames,
  prefix: string,
): string {
  const [small, large] = batchSizes(parameters);
  const logits = (batchSize: number): Value => {
    const step = evaluationStep(model, () => undefined);
    const { outputs } = standard(trace(step, { state: parameters, batch: batchArrays(data, batchSize).inputs }));
    return valueNamed(outputs, 'logits');
  };
  const addInput = (name: string): string => {
    const parameter = parameters[name];
    if (parameter) return nodes.constant(parameter.dtype, parameter.data, parameter.shape, prefix + name);
    return must({ categorical, numeric }[name], name);
  };
  return addValue({ nodes, small, large, rows, addInput, names: new Map() }, [logits(small), logits(large)]);
}

/** Two primes that are no side of a parameter: a side that depends on N must not equal another side by chance. */
function batchSizes(parameters: HostArrays): readonly [number, number] {
  const sides = new Set(Object.values(parameters).flatMap(({ shape }) => shape));
  const primes = [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197];
  const [small, large] = primes.filter((prime) => !sides.has(prime));
  return [must(small, 'a batch size'), must(large, 'a batch size')];
}

/** The graph that two recordings are merged into. */
interface Merge {
  readonly nodes: OnnxNodes;
  /** The batch sizes of the recordings. */
  readonly small: number;
  readonly large: number;
  /** The name of N. */
  readonly rows: string;
  /** Adds an input of the recordings. @returns its name. */
  readonly addInput: (name: string) => string;
  /** The names of values that are in the graph, by `keyOf`. */
  readonly names: Map<string, string>;
}

/** The same value in both recordings. */
type Twins = readonly [small: Value, large: Value];

const keyOf = (twins: Twins) => twins.map(({ id }) => id).join(' ');

/** Adds a value with all that it needs, unless it is in the graph. @returns its name. */
function addValue(merge: Merge, twins: Twins): string {
  const { names } = merge;
  const [a, b] = [twins[0].origin, twins[1].origin];
  if (!names.has(keyOf(twins))) {
    if (a.kind === 'node' && b.kind === 'node') addNode(merge, a.node, b.node);
    else names.set(keyOf(twins), addLeaf(merge, twins));
  }
  return must(names.get(keyOf(twins)), describe(twins[0]));
}

function addNode(merge: Merge, a: Node, b: Node): void {
  const { nodes, names } = merge;
  const facts = ({ op, domain, attributes, inputs, outputs }: Node) =>
    JSON.stringify([op, domain, attributes, inputs.length, outputs.length]);
  const twinsOf = (side: 'inputs' | 'outputs') => a[side].map((value, i): Twins => [value, must(b[side][i], b.op)]);
  if (facts(a) !== facts(b)) throw different([must(a.outputs[0], a.op), must(b.outputs[0], b.op)]);
  const operands = twinsOf('inputs').map((twins, i) =>
    a.op === 'Reshape' && i === 1 ? addSides(merge, twins) : addValue(merge, twins),
  );
  const added = nodes.addWide(a.op, operands, attributeProtos(a.attributes), a.outputs.length);
  for (const [i, twins] of twinsOf('outputs').entries()) names.set(keyOf(twins), must(added[i], a.op));
}

function addLeaf(merge: Merge, twins: Twins): string {
  const { nodes, rows, addInput } = merge;
  const [a, b] = twins;
  const [from, to] = [a.origin, b.origin];
  if (from.kind === 'input' && to.kind === 'input' && from.name === to.name) return addInput(from.name);
  if (!('data' in from && 'data' in to)) throw different(twins);
  const isSame = from.data.every((value: number | bigint, i: number) => Object.is(value, to.data[i]));
  if (isSame && a.type === b.type && String(a.shape) === String(b.shape))
    return nodes.constant(a.type, from.data, a.shape);
  const { fixed, perRow } = linearIn(merge, twins);
  return nodes.add('Add', [nodes.add('Mul', [nodes.integers(...perRow), rows]), nodes.integers(...fixed)]);
}

/** The sides that Reshape gives. If one side alone depends on N, it becomes -1, which needs no arithmetic. */
function addSides(merge: Merge, twins: Twins): string {
  const { fixed, perRow } = linearIn(merge, twins);
  const [index, ...others] = [...perRow.keys()].filter((i) => perRow[i] !== 0);
  const sides = index === undefined ? fixed : fixed.with(index, -1);
  return others.length > 0 || sides.includes(0) ? addValue(merge, twins) : merge.nodes.integers(...sides);
}

/** Integers as `fixed` + `perRow` * N. */
function linearIn(
  { small, large }: Merge,
  twins: Twins,
): { readonly fixed: readonly number[]; readonly perRow: readonly number[] } {
  const [a, b] = twins;
  if (!('data' in a.origin && 'data' in b.origin)) throw different(twins);
  const [values, others] = [Array.from(a.origin.data, Number), Array.from(b.origin.data, Number)];
  const perRow = values.map((value, i) => ((others[i] ?? Number.NaN) - value) / (large - small));
  if (a.type !== 'int64' || values.length !== others.length || !perRow.every(Number.isInteger)) throw different(twins);
  return { fixed: values.map((value, i) => value - (perRow[i] ?? 0) * small), perRow };
}

function different([a, b]: Twins): Error {
  return new Error(`the model depends on the batch size: ${describe(a)} at one is ${describe(b)} at another`);
}
