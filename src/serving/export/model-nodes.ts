import type { Dataset } from '../../data/dataset.js';
import { standard } from '../../engine/lower/lower.js';
import { describe, type Node, type Value, valueNamed } from '../../engine/record/graph.js';
import { trace } from '../../engine/record/trace.js';
import { attributeProtos } from '../../engine/run/model-graph.js';
import type { Model } from '../../models/model.js';
import type { HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { batchArrays, evaluationStep } from '../../training/step.js';
import type { OnnxNodes } from './onnx-nodes.js';

/**
 * Names of a model's inputs: `categorical` int32 [N, F] and `numeric` float32 [N, D], absent without columns; `rows`
 * int64 [1], N.
 */
export interface ModelInputNames {
  readonly categorical: string | undefined;
  readonly numeric: string | undefined;
  readonly rows: string;
}

/**
 * Adds a model to a graph, for any number of rows N. A recording has a batch size in its shapes. So the model is
 * recorded at two sizes, and both recordings are walked together, from the logits to the inputs. Integers that differ
 * are linear in N; nothing else may differ.
 * @param prefix before the names of the parameters
 * @returns the name of the logits, float32 [outputs, N].
 */
export function modelNodes(
  nodes: OnnxNodes,
  model: Model,
  parameters: HostArrays,
  dataset: Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'>,
  inputs: ModelInputNames,
  prefix: string,
): string {
  const [small, large] = batchSizes(parameters);
  const recorded = (rows: number) => {
    const step = evaluationStep(model, () => undefined);
    const { outputs } = standard(trace(step, { state: parameters, batch: batchArrays(dataset, rows).inputs }));
    return valueNamed(outputs, 'logits');
  };
  const names = new Map<string, string>();
  return nodeName(recorded(small), recorded(large));

  function nodeName(a: Value, b: Value): string {
    const key = pairKey(a, b);
    const known = names.get(key);
    if (known !== undefined) return known;
    if (a.origin.kind === 'node' && b.origin.kind === 'node') addNode(a.origin.node, b.origin.node);
    else names.set(key, nameOfLeaf(a, b));
    return must(names.get(key), describe(a));
  }

  function addNode(a: Node, b: Node): void {
    const about = ({ op, domain, attributes, inputs, outputs }: Node) =>
      JSON.stringify([op, domain, attributes, inputs.length, outputs.length]);
    if (about(a) !== about(b)) throw different(must(a.outputs[0], a.op), must(b.outputs[0], b.op));
    const operands = a.inputs.map((input, i) => {
      const other = must(b.inputs[i], b.op);
      return a.op === 'Reshape' && i === 1 ? reshaped(input, other) : nodeName(input, other);
    });
    const made = nodes.addWide(a.op, operands, attributeProtos(a.attributes), a.outputs.length);
    for (const [i, output] of a.outputs.entries())
      names.set(pairKey(output, must(b.outputs[i], b.op)), must(made[i], a.op));
  }

  function nameOfLeaf(a: Value, b: Value): string {
    const [from, to] = [a.origin, b.origin];
    if (from.kind === 'input' && to.kind === 'input' && from.name === to.name) {
      const { categorical, numeric } = inputs;
      const parameter = parameters[from.name];
      if (parameter) return nodes.constant(parameter.dtype, parameter.data, parameter.shape, prefix + from.name);
      return must({ categorical, numeric }[from.name], from.name);
    }
    if (!('data' in from && 'data' in to)) throw different(a, b);
    const isSame = from.data.every((value: number | bigint, i: number) => Object.is(value, to.data[i]));
    if (isSame && a.type === b.type && String(a.shape) === String(b.shape))
      return nodes.constant(a.type, from.data, a.shape);
    const { fixed, perRow } = lengths(a, b);
    return nodes.add('Add', [nodes.add('Mul', [nodes.integers(...perRow), inputs.rows]), nodes.integers(...fixed)]);
  }

  /** If one side of the shape depends on N, it becomes -1, which needs no arithmetic. */
  function reshaped(a: Value, b: Value): string {
    const { fixed, perRow } = lengths(a, b);
    const [place, ...others] = [...perRow.keys()].filter((i) => perRow[i] !== 0);
    const sides = place === undefined ? fixed : fixed.with(place, -1);
    return others.length > 0 || sides.includes(0) ? nodeName(a, b) : nodes.integers(...sides);
  }

  /** Integers as `fixed` + `perRow` * N. */
  function lengths(a: Value, b: Value): { readonly fixed: readonly number[]; readonly perRow: readonly number[] } {
    if (!('data' in a.origin && 'data' in b.origin)) throw different(a, b);
    const [values, others] = [Array.from(a.origin.data, Number), Array.from(b.origin.data, Number)];
    const perRow = values.map((value, i) => ((others[i] ?? Number.NaN) - value) / (large - small));
    if (a.type !== 'int64' || values.length !== others.length || !perRow.every(Number.isInteger)) throw different(a, b);
    return { fixed: values.map((value, i) => value - (perRow[i] ?? 0) * small), perRow };
  }
}

/** Two primes that are no side of a parameter: a side that depends on N must not equal another side by chance. */
function batchSizes(parameters: HostArrays): readonly [number, number] {
  const sides = new Set(Object.values(parameters).flatMap(({ shape }) => shape));
  const primes = [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197];
  const [small, large] = primes.filter((prime) => !sides.has(prime));
  return [must(small, 'a batch size'), must(large, 'a batch size')];
}

function pairKey(a: Value, b: Value): string {
  return `${a.id} ${b.id}`;
}

function different(a: Value, b: Value): Error {
  return new Error(`the model depends on the batch size: ${describe(a)} at one is ${describe(b)} at another`);
}
