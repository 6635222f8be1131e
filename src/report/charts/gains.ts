import type { ComparisonRow } from '../../comparison/comparison.js';
import { runsOfReference } from '../../comparison/stored/entry.js';
import { comparisonPoints, type GainRow, gainTables, type Point } from '../gain-rows.js';
import { probability, signed } from '../numbers.js';
import type { ReportData, ReportedRun } from '../report-data.js';
import { modelSeries, type Series } from './palette.js';

/** What charts are drawn from. */
export interface Charted extends Pick<ReportData, 'comparison'> {
  readonly points: readonly Point[];
  /** Of models, and means over the points: over the baseline. */
  readonly gains: readonly GainRow[];
  readonly series: readonly Series[];
  readonly look: (label: string) => Series;
  /** Of a row's seeds that are finished. Tasks that share no parameters may have several of a seed. */
  readonly runs: (row: ComparisonRow) => readonly ReportedRun[];
}

export function chartedOf(data: ReportData): Charted {
  const { comparison } = data;
  const series = modelSeries(comparison);
  return {
    comparison,
    series,
    points: comparisonPoints(comparison),
    gains: gainTables(comparison)
      .flatMap(({ rows }) => rows)
      .filter(({ family, reference }) => family !== 'contrasts' && reference === comparison.baseline),
    look: (label) => series.find((model) => model.label === label) ?? { label, colour: 'ink', shape: 'circle' },
    runs: (row) =>
      row.runs.flatMap((reference) => {
        const folders = reference.status === 'done' ? runsOfReference(reference) : [];
        return folders.flatMap(({ path, tasks }) => {
          const run = data.runs.get(path);
          return run ? { ...run, ...(tasks ? { tasks } : {}) } : [];
        });
      }),
  };
}

/** The lines of a tooltip. */
export function gainTip({ task, gain, interval, pHolm, verdict }: GainRow): readonly string[] {
  const text = (value: number | null) => signed(value, task.digits);
  return [
    `${task.name}: ${text(gain)} ${task.unit}, ${verdict}`,
    ...(interval ? [`interval ${text(interval[0])} to ${text(interval[1])}`] : []),
    ...(pHolm === null ? [] : [`adjusted p ${probability(pHolm)}`]),
  ];
}
