import type { ComparisonConfig } from '../../config/comparison.js';
import { metrics } from '../../metrics/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { wholeNumber } from '../../support/whole-number.js';
import { mostPredictions } from '../../training/run.js';
import { pointText } from './axis-point.js';
import type { DataShape, ReadShape } from './data-shapes.js';

/** What a comparison asks of its data and can be told before anything is trained. The data are read only if it asks something. */
export async function checkData(config: ComparisonConfig, readShape: ReadShape): Promise<void> {
  const checks = [rowsForPredictions, groupsForMetrics].flatMap((check) => check(config) ?? []);
  if (checks.length === 0) return;
  for (const point of config.points) {
    const shape = await readShape(config.experiment(config.baseline, point, config.seeds[0] ?? 0));
    for (const check of checks) check(shape, pointText(point) === '' ? '' : ` at ${pointText(point)}`);
  }
}

/** @param at Which of several points the data are those of. */
type Check = (shape: DataShape, at: string) => void;

/** Errors over test rows need the predictions of every run, which large test splits do not keep. */
function rowsForPredictions({ uncertainty }: ComparisonConfig): Check | undefined {
  if (uncertainty === null || uncertainty === 'seeds') return undefined;
  return ({ rows }, at) => {
    if (rows.test <= mostPredictions) return;
    throw new ConfigError(
      `compare.uncertainty: '${uncertainty}' needs the predictions of every run, and they are kept up to ${wholeNumber(mostPredictions)} test rows; ` +
        `the data have ${wholeNumber(rows.test)}${at}. Use 'seeds'.`,
    );
  };
}

function groupsForMetrics({ metrics: chosen }: ComparisonConfig): Check | undefined {
  const [first] = Object.entries(chosen).filter(([, name]) => 'computeGrouped' in metrics.get(name));
  if (!first) return undefined;
  const [task, metric] = first;
  return ({ grouped }, at) => {
    if (grouped) return;
    throw new ConfigError(
      `compare.metrics.${task}: '${metric}' needs data that say which rows are of one user, and these do not${at}. Of your own tables, dataset.group names the column.`,
    );
  };
}
