import { catalogue } from '../support/catalogue.js';
import { accuracy } from './accuracy.js';
import { auc } from './auc.js';
import { aucInterval } from './auc-interval.js';
import { calibrationError } from './calibration-error.js';
import { groupedAuc } from './grouped-auc.js';
import { logLoss } from './log-loss.js';
import { macroAuc } from './macro-auc.js';
import { mae } from './mae.js';
import type { Metric } from './metric.js';
import { mse } from './mse.js';
import { multiclassLogLoss } from './multiclass-log-loss.js';
import { nmse } from './nmse.js';
import { normalisedEntropy } from './normalised-entropy.js';

export const binaryMetrics = [auc, aucInterval, logLoss, calibrationError, normalisedEntropy];
export const groupedMetrics = [groupedAuc];
export const regressionMetrics = [mse, nmse, mae];
export const multiclassMetrics = [macroAuc, accuracy, multiclassLogLoss];

export const metrics = catalogue<Metric>('metric', [
  ...binaryMetrics,
  ...groupedMetrics,
  ...regressionMetrics,
  ...multiclassMetrics,
]);
