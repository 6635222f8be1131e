import type { Comparison } from '../comparison/comparison.js';
import { summarize } from '../comparison/gains/summarize.js';
import { firstExperiment } from '../comparison/plan/axis-point.js';
import type { Run } from '../comparison/plan/run.js';
import { entriesOf } from '../comparison/stored/placed-runs.js';
import type { ComparisonConfig } from '../config/comparison.js';
import type { FinishedRun } from '../training/finished-run.js';
import { noGain } from './task-gains.js';

/**
 * The comparison of the runs that have ended, without tests: a verdict now would be a look that is not planned.
 * @param finished By folder.
 */
export async function comparisonSoFar(
  config: ComparisonConfig,
  runs: readonly Run[],
  finished: ReadonlyMap<string, FinishedRun>,
): Promise<Comparison> {
  const { name, baseline, metrics, taskWeights, axes } = config;
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const reported = runs.filter(({ values }) => values === undefined); // no other points of a front
  const summary = await summarize(entriesOf(reported, finished), {
    ...{ name, baseline, metrics, taskWeights, axes, seeds },
    tasks: firstExperiment(config).tasks,
    ...{ margins: {}, contrasts: [], uncertainty: 'seeds', earlierLooks: [], timing: {}, nextLevel: 0.025 },
    look: { seeds: seeds.length, of: seeds, plan: [seeds.length], alpha: 0.05, level: 0.05 },
  });
  const { se, interval, simultaneous, p, pHolm, verdict } = noGain;
  const rows = summary.rows.map((row) => ({
    ...row,
    aggregate: row.aggregate && { ...row.aggregate, se, interval, simultaneous, p, pHolm, verdict: null },
    verdict: row.verdict === 'baseline' ? row.verdict : ('undecided' as const),
    tasks: Object.fromEntries(
      Object.entries(row.tasks).map(([task, own]) => {
        const { gain, gains, relativeGain } = own;
        return [task, { ...own, ...noGain, gain, gains, relativeGain, verdict }];
      }),
    ),
  }));
  return { ...summary, rows, best: [], notes: [] };
}
