import { DataError } from '../../support/errors.js';
import { joined } from '../../support/text.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import { pointKey } from '../plan/axis-point.js';
import type { Entry } from '../stored/entry.js';

/**
 * Checks that the runs of a point and seed have the same data, test rows and tasks.
 * @throws DataError that names two runs.
 */
export function checkSameData(entries: readonly Entry[]): void {
  const firsts = new Map<string, EvaluatedRun>();
  for (const { point, runs } of entries) {
    for (const { seed, run } of runs) {
      if (!run) continue;
      const key = JSON.stringify([pointKey(point), seed]);
      const first = firsts.get(key) ?? run;
      firsts.set(key, first);
      const [data, others] = [dataText(first), dataText(run)];
      if (data !== others)
        throw new DataError(
          `${first.path} and ${run.path} cannot be compared, since their data or tasks differ: ${data}; ${others}.`,
        );
    }
  }
}

/**
 * `checksum c0ffee00, 30 + 10 + 10 rows, click: binary (10 samples)`. One file can be split in several ways that the
 * checksum does not distinguish, so counts that depend on the rows are a part of it.
 */
function dataText({ result: { dataset, tasks } }: EvaluatedRun): string {
  const { train, validation, test } = dataset.rows;
  const ofTasks = Object.entries(tasks).map(([name, { type, test: metrics }]) => {
    const counts = ['samples', 'positives', 'labelVariance'].flatMap((count) =>
      count in metrics ? `${count} ${metrics[count]}` : [],
    );
    return joined(' ', `${name}: ${type}`, counts.length > 0 ? `(${counts.join(', ')})` : '');
  });
  const rows = `${train} + ${validation} + ${test} rows`;
  return [`checksum ${dataset.checksum.slice(0, 8)}`, rows, ...ofTasks.toSorted()].join(', ');
}
