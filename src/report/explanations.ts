import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { counted } from '../support/whole-number.js';
import type { GainCell, GainTable } from './gain-table.js';
import { confidence, listed, rounded } from './numbers.js';
import type { Point } from './points.js';
import { say, sentences } from './sentences.js';
import { metricName } from './task-gains.js';

/** How to read a table's numbers, one line each. */
export function explanations(comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds } = comparison;
  const { models } = point;
  return sentences(
    say('gains', { baseline, seeds: counted(seeds.length, 'seed') }),
    ...besides(models),
    say('relative', { baseline }),
    models.hasMean ? meanGain(comparison) : '',
    test(comparison, point),
    ...intervals(comparison, models),
    margins(comparison, models),
  );
}

/** For the terminal: the signs and units of its tables. */
export function legend(comparison: Comparison, points: readonly Point[]): string {
  const { baseline } = comparison;
  const tasks = points.flatMap((point) => point.tasks);
  const units = [
    tasks.some(({ percent }) => percent === null) ? "in the metric's unit" : '',
    tasks.some(({ percent }) => percent !== null) ? `of errors in % of ${baseline}'s` : '',
  ];
  return joined(
    ' ',
    say('signs'),
    say('units', { units: joined(', ', ...units) }),
    points.some(({ models }) => models.hasMean) ? meanGain(comparison) : '',
    ...new Set(points.flatMap(({ models }) => besides(models))),
    say('wide'),
  );
}

/** For the terminal: how the gains were tested. Empty if nothing is tested. */
export function testing(comparison: Comparison, point: Point): readonly string[] {
  return sentences(test(comparison, point));
}

/** The columns beside the gains. */
function besides(table: GainTable): readonly string[] {
  return cells(table).some(({ own }) => own.oneEpoch) ? [say('oneEpoch')] : [];
}

function cells({ rows }: GainTable): readonly GainCell[] {
  return rows.flatMap((row) => row.cells);
}

function meanGain({ baseline, tasks, taskWeights }: Comparison): string {
  const weights = tasks.map((task) => taskWeights[task] ?? 1);
  if (new Set(weights).size <= 1) return say('mean', { baseline });
  return say('weightedMean', {
    baseline,
    weights: listed(tasks.map((task, index) => `${weights[index]} for ${task}`)),
  });
}

const tests = {
  independent: (prior: number | null) =>
    `that of Behrens and Fisher: two samples of runs${prior === 0 ? '' : ', with run variances squeezed over models (Smyth 2004)'}`,
  draws: () => 'a paired t test over draws of the data',
  splits: () => 'a paired t test over splits of one file, corrected for their overlap (Nadeau and Bengio 2003)',
};

/** The test of the gains, and how p is adjusted. Empty if nothing is tested. */
function test({ test: { priorDegreesOfFreedom, drawn, level } }: Comparison, point: Point): string {
  const { title, rows, models, contrasts } = point;
  const count = testedGains(models);
  if (count === 0) return '';
  const designs = [...new Set(rows.flatMap(({ design }) => design ?? []))];
  const words = designs.map((design) => tests[design](priorDegreesOfFreedom));
  return joined(
    ' ',
    say('test', {
      tests: listed(words) || 'a z test per gain',
      gains: counted(count, 'gain'),
      tables: title === '' ? 'the table' : 'a table',
      level: rounded(level),
    }),
    drawn === 'groups' ? say('groups') : '',
    contrasts ? say('contrasts') : '',
  );
}

function testedGains(table: GainTable): number {
  return cells(table).filter(({ gain }) => gain.pHolm !== null).length;
}

function intervals({ test, uncertainty }: Comparison, table: GainTable): readonly string[] {
  if (!table.hasIntervals) return [];
  const ofEach = say('intervals', {
    confidence: confidence(test.level),
    gains: counted(testedGains(table), 'true gain'),
  });
  const cover = { seeds: say('coverTraining'), rows: say('coverRows'), both: say('coverBoth') };
  return [ofEach, cover[uncertainty]];
}

function margins({ test }: Comparison, table: GainTable): string {
  const ofTasks = table.tasks.flatMap((task) => {
    const [margin] = cells(table).flatMap((cell) => (cell.task === task ? (cell.gain.margin ?? []) : []));
    return margin === undefined ? [] : [`${rounded(margin)} ${metricName(task.metric)} on ${task.name}`];
  });
  return say('margin', { margins: listed(ofTasks), level: rounded(test.level) });
}
