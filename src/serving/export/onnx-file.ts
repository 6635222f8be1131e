import { dataPaths } from '../../config/definitions.js';
import { type Experiment, stringifyExperiment } from '../../config/experiment.js';
import { outputCount, type Task } from '../../data/dataset.js';
import { features } from '../../data/encode/project.js';
import { usualMissing } from '../../data/table/table-options.js';
import {
  encodeModel,
  externalData,
  intAttribute,
  intsAttribute,
  type ModelAbout,
  type ValueInfoProto,
  valueInfo,
} from '../../engine/run/onnx-format.js';
import { UserError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { definitions } from '../../training/definitions.js';
import { programVersion } from '../../training/folder/environment.js';
import { modelShape } from '../../training/setup.js';
import type { Scale } from '../score-rows.js';
import { type ServedSet, servedSets, type TrainedModel } from '../trained-run.js';
import { columnInputs, columnNodes, inputInfo } from './column-nodes.js';
import { type ModelData, modelNodes } from './model-nodes.js';
import { OnnxNodes } from './onnx-nodes.js';

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
  const dataset = features(run.encoding, run.experiment.inputs);
  const input = columnInputs(run.encoding).map(inputInfo);
  const output = taskOutputs(dataset.tasks);
  const nodes = new OnnxNodes(distinctNames(run.path, [...input, ...output]));
  addPredictions(nodes, run, dataset, must(input[0], 'an input').name);
  const { node } = nodes;
  const bytes = nodes.initializer.reduce((sum, { raw_data }) => sum + (raw_data?.length ?? 0), 0);
  const { initializer, data } = bytes > most ? externalData(nodes.initializer, location) : { ...nodes, data: [] };
  const graph = { name: run.experiment.name, node, initializer, input, output };
  return { file: encodeModel(graph, aboutRun(run, dataset.tasks)), data };
}

/** @throws UserError if two are the same. */
function distinctNames(path: string, values: readonly ValueInfoProto[]): readonly string[] {
  const names = values.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return names;
  throw new UserError(`${path}: two inputs or outputs of the file would be called '${twice}': rename that column.`);
}

/** Adds the nodes from the columns to the outputs of all tasks. @param anyInput its length is the number of rows */
function addPredictions(nodes: OnnxNodes, run: TrainedModel, dataset: ModelData, anyInput: string): void {
  const rows = nodes.add('Shape', [anyInput], [intAttribute('start', 0), intAttribute('end', 1)]);
  const inputs = { ...columnNodes(nodes, run.encoding), rows };
  const sets = servedSets(run, modelShape(dataset)).map((set, _, all) => {
    const prefix =
      all.length > 1 ? `${isAlone(set, all) ? '' : `seed-${set.experiment.seed}/`}${set.tasks.join('+')}/` : '';
    return { tasks: set.tasks, logits: modelNodes(nodes, set, dataset, inputs, prefix) };
  });
  taskNodes(nodes, dataset.tasks, sets);
}

/** Whether no other set has one of its tasks. */
function isAlone(set: ServedSet, all: readonly ServedSet[]): boolean {
  return all.every((other) => other === set || !other.tasks.some((task) => set.tasks.includes(task)));
}

/** The metadata of a run's file, with all that docs/serving.md says. */
function aboutRun({ experiment, encoding, result, sets }: TrainedModel, tasks: readonly Task[]): ModelAbout {
  const metrics = Object.entries(result.tasks).map(([name, { test }]) => [name, test]);
  const classes = tasks.flatMap(({ name, classes }) => (classes ? [[name, classes]] : []));
  return {
    domains: { 'ai.onnx.ml': 2 },
    version: programVersion(),
    text: `${experiment.model.type} for the tasks ${tasks.map(({ name }) => name).join(', ')}`,
    metadata: {
      config: [...new Set(sets.map((set) => stringifyExperiment(passedOn(set.experiment))))].join('---\n'),
      checksum: result.dataset.checksum,
      metrics: JSON.stringify(Object.fromEntries(metrics)),
      classes: JSON.stringify(Object.fromEntries(classes)),
      missing: JSON.stringify(encoding.texts?.missing ?? usualMissing),
      exact: JSON.stringify(encoding.texts?.exact ?? false),
      columns: JSON.stringify(columnInputs(encoding)),
    },
  };
}

/** Removes paths of data and plugins, and servers, from an experiment: the file may be passed on. */
function passedOn({ tracking: _tracking, plugins, ...experiment }: Experiment): object {
  const paths = dataPaths({ ...experiment, plugins }, definitions);
  const { loader, ...options } = experiment.dataset;
  const kept = Object.fromEntries(Object.entries(options).filter(([key]) => !paths.includes(key)));
  const code = plugins && { plugins: plugins.map(({ sha256, parts }) => ({ sha256, parts })) };
  return { ...experiment, dataset: { loader, ...kept }, ...code };
}

/** The name of a task's predictions, as in `ple predict`; of a multiclass task, those of all its classes. */
function scoreName({ name, type }: Task, scale: Scale): string {
  if (scale === 'logit') return `${name}.logit`;
  return `${name}.${type === 'regression' ? 'prediction' : 'probability'}`;
}

/**
 * The outputs of an exported file: predictions of each task, then logits of each task. [N], or [N, classes] of a
 * multiclass task.
 */
function taskOutputs(tasks: readonly Task[]): readonly ValueInfoProto[] {
  const info = (task: Task, scale: Scale, doc: string) => {
    const { classes } = task;
    const columns = classes ? `; a column each of ${classes.join(', ')}` : '';
    return valueInfo(scoreName(task, scale), 'float32', ['N', ...(classes ? [classes.length] : [])], doc + columns);
  };
  return [
    ...tasks.map((task) =>
      info(task, 'label', task.type === 'regression' ? 'in the units of the label' : 'a probability'),
    ),
    ...tasks.map((task) => info(task, 'logit', 'before the link function')),
  ];
}

/** A model's logits with the parameters that serve some tasks. */
interface TaskLogits {
  readonly tasks: readonly string[];
  /** The name of float32 [outputs of all tasks, N]. */
  readonly logits: string;
}

/**
 * Adds nodes that turn logits into predictions, as `score-rows.ts` does, in 64 bits. Where several sets predict a task, the
 * prediction is their mean, and the logit that of the mean.
 */
function taskNodes(nodes: OnnxNodes, tasks: readonly Task[], sets: readonly TaskLogits[]): void {
  const sizes = nodes.integers(...tasks.map(outputCount));
  const split = sets.map((set) => ({
    tasks: set.tasks,
    parts: nodes.addWide('Split', [set.logits, sizes], [intAttribute('axis', 0)], tasks.length),
  }));
  for (const [t, task] of tasks.entries()) {
    const ofTask = split.filter((set) => set.tasks.includes(task.name)).map(({ parts }) => must(parts[t], task.name));
    const [output, result] = [scoreName(task, 'logit'), scoreName(task, 'label')];
    const named = ofTask.length === 1 ? { output } : {};
    const logits = ofTask.map((part) =>
      task.type === 'multiclass'
        ? nodes.add('Transpose', [part], [intsAttribute('perm', [1, 0])], named)
        : nodes.add('Squeeze', [part, nodes.integers(0)], [], named),
    );
    const wide = logits.map((logit) => nodes.cast(logit, 'float64'));
    const predicted = wide.map((logit) => predictionNode(nodes, task, logit));
    const mean = meanNode(nodes, predicted);
    nodes.cast(mean, 'float32', result);
    if (predicted.length > 1) nodes.cast(logitNode(nodes, task, mean, wide), 'float32', output);
  }
}

/** ONNX Runtime's Mean takes no 64-bit numbers. */
function meanNode(nodes: OnnxNodes, values: readonly string[]): string {
  const sum = values.reduce((total, value) => nodes.add('Add', [total, value]));
  return values.length === 1 ? sum : nodes.add('Div', [sum, nodes.number('float64', values.length)]);
}

function predictionNode(nodes: OnnxNodes, task: Task, logit: string): string {
  if (task.type === 'multiclass') return nodes.add('Softmax', [logit], [intAttribute('axis', 1)]);
  return task.type === 'binary' ? sigmoid(nodes, logit) : inUnits(nodes, task, logit);
}

/** The logit of a mean prediction of several networks. */
function logitNode(nodes: OnnxNodes, task: Task, mean: string, logits: readonly string[]): string {
  if (task.type === 'regression') {
    const value = task.link === 'log' ? nodes.add('Log', [mean]) : mean;
    const shifted = nodes.add('Sub', [value, nodes.number('float64', task.offset)]);
    return nodes.add('Div', [shifted, nodes.number('float64', task.scale)]);
  }
  if (task.type === 'multiclass') return nodes.add('Log', [mean]);
  // 1 - mean would lose the digits of probabilities near 1.
  const others = logits.map((logit) => sigmoid(nodes, nodes.add('Neg', [logit])));
  return nodes.add('Sub', [nodes.add('Log', [mean]), nodes.add('Log', [meanNode(nodes, others)])]);
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
