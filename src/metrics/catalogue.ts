import { catalogue } from '../support/catalogue.js';
import { accuracy } from './accuracy.js';
import { auc } from './auc.js';
import { aucInterval } from './auc-interval.js';
import { averagePrecision } from './average-precision.js';
import { binaryAccuracy } from './binary-accuracy.js';
import { calibrationError } from './calibration-error.js';
import { f1 } from './f1.js';
import { groupedAuc } from './grouped/grouped-auc.js';
import { groupedHitRate10 } from './grouped/grouped-hit-rate10.js';
import { groupedNdcg10 } from './grouped/grouped-ndcg10.js';
import { logLoss } from './log-loss.js';
import { macroAuc } from './macro-auc.js';
import { mae } from './mae.js';
import { isMetric, type Metric } from './metric.js';
import { mse } from './mse.js';
import { multiclassLogLoss } from './multiclass-log-loss.js';
import { nmse } from './nmse.js';
import { normalisedEntropy } from './normalised-entropy.js';
import { predictedOverActual } from './predicted-over-actual.js';
import { predictedOverObserved } from './predicted-over-observed.js';
import { r2 } from './r2.js';

export const metrics = catalogue<Metric>(
  'metric',
  [
    ...[auc, aucInterval, logLoss, calibrationError, normalisedEntropy, averagePrecision, predictedOverObserved],
    ...[binaryAccuracy, f1],
    ...[groupedAuc, groupedNdcg10, groupedHitRate10],
    ...[mse, nmse, mae, r2, predictedOverActual],
    ...[macroAuc, accuracy, multiclassLogLoss],
  ],
  isMetric,
);
