import { defineMetric } from './metric.js';
import type { RegressionSample } from './regression-sample.js';

/** Mean squared error in the label's own units. */
export const mse = defineMetric({
  name: 'mse',
  summary: "mean squared error, in the label's units",
  type: 'regression',
  better: 'lower',
  usual: true,
  relativeTo: (value) => value,
  compute: meanSquaredError,
  loss: (value, { scale }) => value / scale ** 2,
});

export function meanSquaredError({ predictions, labels }: RegressionSample): number {
  let sum = 0;
  for (const [row, label] of labels.entries()) sum += ((predictions[row] ?? 0) - label) ** 2;
  return sum / labels.length;
}
