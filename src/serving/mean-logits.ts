import { outputCount, type Task } from '../data/dataset.js';
import { inLabelUnits, type TaskScores } from '../metrics/samples.js';

/**
 * The logits of the mean prediction of several networks: of their probabilities, or of their values in the label's
 * units. So whoever reads logits reads several networks as one.
 * @param networks [networks][outputs * rows]
 */
export function meanLogits(task: Task, networks: readonly TaskScores['logits'][]): Float32Array {
  const outputs = outputCount(task);
  const means = new Float32Array(networks[0]?.length ?? 0);
  const rows = means.length / outputs;
  for (let row = 0; row < rows; row++) {
    const ofRow = networks.map((logits) =>
      Array.from({ length: outputs }, (_, output) => logits[output * rows + row] ?? 0),
    );
    for (const [output, mean] of meanOfRow(task, ofRow).entries()) means[output * rows + row] = mean;
  }
  return means;
}

/** @param networks [networks][outputs] */
function meanOfRow(task: Task, networks: readonly (readonly number[])[]): readonly number[] {
  if (task.type === 'multiclass') return logMeanProbabilities(networks);
  const only = networks.map(([logit = 0]) => logit);
  if (task.type === 'regression') return [logitOf(task, mean(only.map((logit) => inLabelUnits(task, logit))))];
  const [no = 0, yes = 0] = logMeanProbabilities(only.map((logit) => [0, logit]));
  return [yes - no];
}

/** The inverse of `inLabelUnits`. */
function logitOf({ offset, scale, link }: Task, value: number): number {
  return ((link === 'log' ? Math.log(value) : value) - offset) / scale;
}

/** By class: the logarithm of the mean of the softmax. [classes] */
function logMeanProbabilities(networks: readonly (readonly number[])[]): readonly number[] {
  const logarithms = networks.map((logits) => {
    const logSum = logSumOfPowers(logits);
    return logits.map((logit) => logit - logSum);
  });
  const [first = []] = logarithms;
  return first.map((_, c) => logSumOfPowers(logarithms.map((ofClass) => ofClass[c] ?? 0)) - Math.log(networks.length));
}

/** log(sum of exp(x)), without overflow. */
function logSumOfPowers(values: readonly number[]): number {
  const highest = Math.max(...values);
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
