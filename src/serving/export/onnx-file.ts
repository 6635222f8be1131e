import { dataPaths } from '../../config/definitions.js';
import { type Experiment, stringifyExperiment } from '../../config/experiment.js';
import { type Dataset, outputCount, type Task } from '../../data/dataset.js';
import { features } from '../../data/encode/project.js';
import { usualMissing } from '../../data/table/table-options.js';
import { standard } from '../../engine/lower/lower.js';
import { describe, type Node, type Value, valueNamed } from '../../engine/record/graph.js';
import { trace } from '../../engine/record/trace.js';
import { attributeProtos } from '../../engine/run/model-graph.js';
import {
  encodeModel,
  externalData,
  intAttribute,
  intsAttribute,
  type ValueInfoProto,
  valueInfo,
} from '../../engine/run/onnx-format.js';
import type { Model } from '../../models/model.js';
import type { HostArrays } from '../../support/arrays.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { definitions } from '../../training/definitions.js';
import { programVersion } from '../../training/folder/environment.js';
import { modelShape } from '../../training/setup.js';
import { batchArrays, evaluationStep } from '../../training/step.js';
import { servedSets, type TrainedModel } from '../trained-run.js';
import { columnInputs, columnNodes, inputInfo, OnnxNodes } from './column-nodes.js';

/** Upper limit of the constants in a file: the format allows less than 2 GiB. */
const mostBytes = 2 ** 31 - 2 ** 28;

/**
 * A run as one ONNX file that takes columns of a table and gives predictions: operator set 18 of ONNX and 2 of ONNX-ML.
 * @param location name of a file beside it for larger constants, if there are too many bytes of them; `data` has these then
 * @throws UserError for columns that would have one name.
 */
export function onnxFile(
  run: TrainedModel,
  location: string,
  most = mostBytes,
): { readonly file: Uint8Array; readonly data: readonly Uint8Array[] } {
  const { experiment, encoding, result } = run;
  const dataset = features(encoding, experiment.inputs);
  const sets = servedSets(run, modelShape(dataset));
  const inputs = columnInputs(encoding);
  const [input, output] = [inputs.map(inputInfo), taskOutputs(dataset.tasks)];
  const names = [...input, ...output].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new UserError(
      `${run.path}: two inputs or outputs of the file would be called '${twice}': rename that column.`,
    );
  const nodes = new OnnxNodes(names);
  const rows = nodes.add('Shape', [must(names[0], 'an input')], [intAttribute('start', 0), intAttribute('end', 1)]);
  const modelInputs = { ...columnNodes(nodes, encoding), rows };
  const ofSets = sets.map(({ tasks, model, parameters }) => {
    const prefix = sets.length > 1 ? `${tasks.join('+')}/` : '';
    return { tasks, logits: modelNodes(nodes, model, parameters, dataset, modelInputs, prefix) };
  });
  taskNodes(nodes, dataset.tasks, ofSets);
  const { node } = nodes;
  const bytes = nodes.initializer.reduce((sum, { raw_data }) => sum + (raw_data?.length ?? 0), 0);
  const { initializer, data } = bytes > most ? externalData(nodes.initializer, location) : { ...nodes, data: [] };
  const file = encodeModel(
    { name: experiment.name, node, initializer, input, output },
    {
      domains: { 'ai.onnx.ml': 2 },
      version: programVersion(),
      text: `${experiment.model.type} for the tasks ${dataset.tasks.map(({ name }) => name).join(', ')}`,
      metadata: {
        config: [...new Set(sets.map((set) => stringifyExperiment(passedOn(set.experiment))))].join('---\n'),
        checksum: result.dataset.checksum,
        metrics: JSON.stringify(
          Object.fromEntries(Object.entries(result.tasks).map(([name, { test }]) => [name, test])),
        ),
        classes: JSON.stringify(
          Object.fromEntries(dataset.tasks.flatMap(({ name, classes }) => (classes ? [[name, classes]] : []))),
        ),
        missing: JSON.stringify(encoding.texts?.missing ?? usualMissing),
        exact: JSON.stringify(encoding.texts?.exact ?? false),
        columns: JSON.stringify(inputs),
      },
    },
  );
  return { file, data };
}

/** Removes paths of data and plugins, and servers, from an experiment: the file may be passed on. */
function passedOn({ tracking: _tracking, plugins, ...experiment }: Experiment): object {
  const paths = dataPaths({ ...experiment, plugins }, definitions);
  const { loader, ...options } = experiment.dataset;
  const kept = Object.fromEntries(Object.entries(options).filter(([key]) => !paths.includes(key)));
  const code = plugins && { plugins: plugins.map(({ sha256, parts }) => ({ sha256, parts })) };
  return { ...experiment, dataset: { loader, ...kept }, ...code };
}

/** The name of a task's predictions, as in `ple predict`. */
function taskResult({ name, type }: Task): string {
  return `${name}.${type === 'regression' ? 'prediction' : 'probability'}`;
}

function taskLogit({ name }: Task): string {
  return `${name}.logit`;
}

/**
 * The outputs of an exported file: predictions of each task, then logits of each task. [N], or [N, classes] of a
 * multiclass task.
 */
function taskOutputs(tasks: readonly Task[]): readonly ValueInfoProto[] {
  const info = (task: Task, name: string, doc: string) => {
    const { classes } = task;
    const columns = classes ? `; a column each of ${classes.join(', ')}` : '';
    return valueInfo(name, 'float32', ['N', ...(classes ? [classes.length] : [])], doc + columns);
  };
  return [
    ...tasks.map((task) =>
      info(task, taskResult(task), task.type === 'regression' ? 'in the units of the label' : 'a probability'),
    ),
    ...tasks.map((task) => info(task, taskLogit(task), 'before the link function')),
  ];
}

/** A model's logits with the parameters that serve some tasks. */
interface TaskLogits {
  readonly tasks: readonly string[];
  /** The name of float32 [outputs of all tasks, N]. */
  readonly logits: string;
}

/** Adds nodes that turn logits into predictions, as `score-rows.ts` does, in 64 bits. */
function taskNodes(nodes: OnnxNodes, tasks: readonly Task[], sets: readonly TaskLogits[]): void {
  const sizes = nodes.integers(...tasks.map(outputCount));
  const split = sets.map((set) => ({
    tasks: set.tasks,
    parts: nodes.addWide('Split', [set.logits, sizes], [intAttribute('axis', 0)], tasks.length),
  }));
  for (const [t, task] of tasks.entries()) {
    const logits = must(split.find((set) => set.tasks.includes(task.name))?.parts[t], task.name);
    const [output, result] = [taskLogit(task), taskResult(task)];
    if (task.type === 'multiclass') {
      nodes.add('Transpose', [logits], [intsAttribute('perm', [1, 0])], { output });
      nodes.cast(nodes.add('Softmax', [nodes.cast(output, 'float64')], [intAttribute('axis', 1)]), 'float32', result);
    } else {
      nodes.add('Squeeze', [logits, nodes.integers(0)], [], { output });
      const value = nodes.cast(output, 'float64');
      nodes.cast(task.type === 'binary' ? sigmoid(nodes, value) : inUnits(nodes, task, value), 'float32', result);
    }
  }
}

function sigmoid(nodes: OnnxNodes, logit: string): string {
  const power = nodes.add('Exp', [nodes.add('Neg', [logit])]);
  return nodes.add('Reciprocal', [nodes.add('Add', [power, nodes.number('float64', 1)])]);
}

function inUnits(nodes: OnnxNodes, { scale, offset, link }: Task, logit: string): string {
  const scaled = nodes.add('Mul', [logit, nodes.number('float64', scale)]);
  const value = nodes.add('Add', [scaled, nodes.number('float64', offset)]);
  return link === 'log' ? nodes.add('Exp', [value]) : value;
}

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
 * recorded at two sizes, and both recordings are walked together, from the logits to the inputs. Integers that differ
 * are linear in N; nothing else may differ.
 * @param prefix before the names of the parameters
 * @returns the name of the logits, float32 [outputs, N].
 */
function modelNodes(
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
    const name = names.get(key);
    if (name !== undefined) return name;
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
    const [index, ...others] = [...perRow.keys()].filter((i) => perRow[i] !== 0);
    const sides = index === undefined ? fixed : fixed.with(index, -1);
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
