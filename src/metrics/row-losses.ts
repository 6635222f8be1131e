import type { Task } from '../data/dataset.js';
import { softplus } from './binary.js';

/**
 * A row's training loss, if it is not the usual one of the task's type. Without label smoothing and `positiveWeight`.
 */
export function rowLossFunction({
  rowLoss,
  offset,
  scale,
}: Task): ((logit: number, label: number) => number) | undefined {
  if (!rowLoss) return undefined;
  switch (rowLoss.type) {
    case 'focal': {
      const { gamma, alpha } = rowLoss;
      return (logit, label) => {
        const margin = label > 0.5 ? logit : -logit;
        const factor = alpha === undefined ? 1 : label > 0.5 ? alpha : 1 - alpha;
        return factor * softplus(-margin) * Math.exp(-gamma * softplus(margin));
      };
    }
    case 'huber':
      return (logit, label) => {
        const [size, { delta }] = [Math.abs(logit - (label - offset) / scale), rowLoss];
        return size <= delta ? size ** 2 / 2 : delta * (size - delta / 2);
      };
    case 'mae':
      return (logit, label) => Math.abs(logit - (label - offset) / scale);
    case 'poisson':
      return (logit, label) => Math.exp(logit) - label * logit + (label > 0 ? label * Math.log(label) - label : 0);
    case 'log-normal':
      return (logit, label) => (logit - (Math.log(label) - offset) / scale) ** 2;
  }
}
