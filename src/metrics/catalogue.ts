import { catalogue } from '../support/catalogue.js';
import {
  auc,
  aucInterval,
  averagePrecision,
  binaryAccuracy,
  calibrationError,
  f1,
  logLoss,
  normalisedEntropy,
  predictedOverObserved,
} from './binary.js';
import { groupedAuc, groupedHitRate10, groupedNdcg10 } from './grouped.js';
import type { Metric } from './metric.js';
import { accuracy, macroAuc, multiclassLogLoss } from './multiclass.js';
import { groupedXauc, xauc } from './pairs.js';
import { mae, mse, nmse, predictedOverActual, r2 } from './regression.js';

export const metrics = catalogue<Metric>('metric', [
  auc,
  aucInterval,
  logLoss,
  calibrationError,
  normalisedEntropy,
  averagePrecision,
  predictedOverObserved,
  binaryAccuracy,
  f1,
  groupedAuc,
  groupedNdcg10,
  groupedHitRate10,
  mse,
  nmse,
  mae,
  r2,
  predictedOverActual,
  xauc,
  groupedXauc,
  macroAuc,
  accuracy,
  multiclassLogLoss,
]);
