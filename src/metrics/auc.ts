import { defineMetric } from './metric.js';
import { influenceOnArea } from './row-influence.js';
import { areaUnderCurve } from './samples.js';

/** Area under the ROC curve: the share of (positive, negative) pairs in the right order, a tie counting half. Exact. Pairs count by weight. */
export const auc = defineMetric({
  name: 'auc',
  summary: 'area under the ROC curve: exact, ties count half; null for one class',
  type: 'binary',
  better: 'higher',
  isShare: true,
  usual: true,
  margin: { absolute: 0.001 }, // a gain worth having (PLE, section 3.2)
  compute: areaUnderCurve,
  score: (value) => value,
  ofConstant: 0.5,
  influence: (_task, scores) => influenceOnArea(scores),
});
