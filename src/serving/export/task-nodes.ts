import type { Task } from '../../data/dataset.js';
import { outputCount } from '../../data/dataset.js';
import { intAttribute, intsAttribute, type ValueInfoProto, valueInfo } from '../../engine/run/onnx-format.js';
import { must } from '../../support/must.js';
import type { OnnxNodes } from './onnx-nodes.js';

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
export function taskOutputs(tasks: readonly Task[]): readonly ValueInfoProto[] {
  const info = (task: Task, name: string, doc: string) => {
    const { classes } = task;
    const of = classes ? `; a column each of ${classes.join(', ')}` : '';
    return valueInfo(name, 'float32', ['N', ...(classes ? [classes.length] : [])], doc + of);
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
export function taskNodes(nodes: OnnxNodes, tasks: readonly Task[], sets: readonly TaskLogits[]): void {
  const sizes = nodes.integers(...tasks.map(outputCount));
  const split = sets.map((set) => ({
    tasks: set.tasks,
    parts: nodes.addWide('Split', [set.logits, sizes], [intAttribute('axis', 0)], tasks.length),
  }));
  for (const [t, task] of tasks.entries()) {
    const part = must(split.find((set) => set.tasks.includes(task.name))?.parts[t], task.name);
    const [output, result] = [taskLogit(task), taskResult(task)];
    if (task.type === 'multiclass') {
      nodes.add('Transpose', [part], [intsAttribute('perm', [1, 0])], { output });
      nodes.cast(nodes.add('Softmax', [nodes.cast(output, 'float64')], [intAttribute('axis', 1)]), 'float32', result);
    } else {
      nodes.add('Squeeze', [part, nodes.integers(0)], [], { output });
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
