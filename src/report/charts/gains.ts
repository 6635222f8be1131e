import type { ComparedModel } from '../../comparison/comparison.js';
import { runsOfReference } from '../../comparison/stored/entry.js';
import { probability, signed } from '../numbers.js';
import type { ReportData, ReportedRun } from '../report-data.js';
import { comparisonPoints, gainTables, type Point, type ShownGain } from '../shown-gains.js';
import { modelSeries, type Series } from './palette.js';

/** What charts are drawn from. */
export interface Charted extends Pick<ReportData, 'comparison'> {
  readonly points: readonly Point[];
  /** The gains of models over the baseline, and their means over the points. */
  readonly gains: readonly ShownGain[];
  readonly series: readonly Series[];
  readonly look: (label: string) => Series;
  /** A model's finished runs. Tasks that share no parameters may have several of a seed. */
  readonly runs: (model: ComparedModel) => readonly ReportedRun[];
}

export function chartedOf(data: ReportData): Charted {
  const { comparison } = data;
  const series = modelSeries(comparison);
  return {
    comparison,
    series,
    points: comparisonPoints(comparison),
    gains: gainTables(comparison)
      .flatMap(({ gains }) => gains)
      .filter(({ family, reference }) => family !== 'contrasts' && reference === comparison.baseline),
    look: (label) => series.find((model) => model.label === label) ?? { label, colour: 'ink', shape: 'circle' },
    // The runs of a pick are those of other models.
    runs: ({ picked, runs }) =>
      (picked ? [] : runs).flatMap((reference) => {
        const folders = reference.status === 'done' ? runsOfReference(reference) : [];
        return folders.flatMap(({ path, tasks }) => {
          const run = data.runs.get(path);
          return run ? { ...run, ...(tasks ? { tasks } : {}) } : [];
        });
      }),
  };
}

/** The lines of a tooltip. */
export function gainTip({ about, gain, low, high, pHolm, verdict }: ShownGain): readonly string[] {
  const text = (value: number | null) => signed(value, about.digits);
  return [
    `${about.name}: ${text(gain)} ${about.unit}, ${verdict ?? 'no verdict'}`,
    ...(low === null ? [] : [`interval ${text(low)} to ${text(high)}`]),
    ...(pHolm === null ? [] : [`adjusted p ${probability(pHolm)}`]),
  ];
}

/** The interval of a gain alone. */
export function intervalOf({ low, high }: ShownGain): readonly [number, number] | null {
  return low === null || high === null ? null : [low, high];
}
