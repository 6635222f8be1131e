import { defineMetric } from './metric.js';
import { influenceOnMean } from './row-influence.js';

/** Mean absolute error in the label's own units. */
export const mae = defineMetric({
  name: 'mae',
  summary: "mean absolute error, in the label's units",
  type: 'regression',
  better: 'lower',
  relativeTo: (value) => value,
  margin: { percent: 1 },
  compute: ({ predictions, labels }) => {
    let sum = 0;
    for (const [row, label] of labels.entries()) sum += Math.abs((predictions[row] ?? 0) - label);
    return sum / labels.length;
  },
  influence: ({ offset, scale }, scores) =>
    influenceOnMean(scores, (logit, label) => Math.abs(logit * scale + offset - label)),
});
