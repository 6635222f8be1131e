import type { Comparison } from '../comparison/comparison.js';
import { familyError } from '../comparison/plan/looks.js';
import type { GainCell, GainTable } from './gain-table.js';
import { confidence, fixed, listed, rounded } from './numbers.js';
import type { Point } from './points.js';
import { metricName } from './task-gains.js';

/** How to read a table's numbers, one line each. */
export function explanations(comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds } = comparison;
  const { models } = point;
  return [
    `Gains are over ${baseline}, ${seeds.length === 1 ? 'of one seed' : `as means over ${seeds.length} seeds`}. Above 0 is better.`,
    ...besides(models),
    `Relative gains are in percent of ${baseline}'s metric.${models.hasMean ? ` Δm is their mean over tasks${weights(comparison)}.` : ''}`,
    ...testInWords(comparison, point),
    ...intervals(comparison, models),
    ...margins(comparison, models),
    ...detectableGains(models),
    ...looksInWords(comparison),
  ];
}

/** The columns beside the gains. */
function besides({ rows }: GainTable): readonly string[] {
  const has = (of: (cell: GainCell) => unknown) => rows.some(({ cells }) => cells.some((cell) => of(cell) !== null));
  return [
    ...(has(({ own }) => own.oneEpoch)
      ? [
          'Each task is judged at its own best epoch. “One epoch”: the gains at one epoch for all tasks, as a joint model is served; of the baseline, what one epoch costs.',
        ]
      : []),
    ...(has(({ own }) => own.multiplier)
      ? ['“Rows”: by how much the rows of single-task must grow to reach the error.']
      : []),
  ];
}

/** For the terminal: the signs and units of its tables. */
export function legend(comparison: Comparison, points: readonly Point[]): string {
  const { baseline } = comparison;
  const tasks = points.flatMap((point) => point.tasks);
  const units = [
    ...(tasks.some(({ percent }) => percent === null) ? ["in the metric's unit"] : []),
    ...(tasks.some(({ percent }) => percent !== null) ? [`of errors in % of ${baseline}'s`] : []),
  ];
  const mean = points.some(({ models }) => models.hasMean)
    ? ` Δm is the mean over tasks of gain / ${baseline}'s metric${weights(comparison)}.`
    : '';
  return (
    `▲ better, ▼ worse, = within ± the margin, ? undecided. Gains are ${units.join(', ')}; above 0 is better.${mean} ` +
    `${[...new Set(points.flatMap(({ models }) => besides(models)))].map((line) => `${line} `).join('')}All numbers: --wide.`
  );
}

function cellsOf({ rows }: GainTable): readonly GainCell[] {
  return rows.flatMap(({ cells }) => cells);
}

const tests = {
  independent: (prior: number | null) =>
    `that of Behrens and Fisher: two samples of runs${prior === 0 ? '' : ', with run variances squeezed over models (Smyth 2004)'}`,
  draws: () => 'a paired t test over draws of the data',
  splits: () => 'a paired t test over splits of one file, corrected for their overlap (Nadeau and Bengio 2003)',
};

/** The test of the gains, and how p is adjusted. Empty if nothing is tested. */
export function testInWords({ test }: Comparison, { title, rows, models, contrasts }: Point): readonly string[] {
  const tested = testedGains(models);
  if (tested === 0) return [];
  const designs = [...new Set(rows.flatMap(({ design }) => design ?? []))];
  const words = designs.map((design) => tests[design](test.priorDegreesOfFreedom));
  const drawn = test.drawn === 'groups' ? ' The error over test rows is that of their groups (users).' : '';
  const gains = tested === 1 ? 'one gain' : `${tested} gains`;
  return [
    `The test is ${listed(words) || 'a z test per gain'}.${drawn} p is adjusted by Holm's method over the ${gains} of ${title === '' ? 'the' : 'a'} table; ` +
      `below ${rounded(test.level)} a gain differs from 0.${contrasts ? ' Contrasts are a family of their own.' : ''}`,
  ];
}

function testedGains(table: GainTable): number {
  return cellsOf(table).filter(({ gain }) => gain.pHolm !== null).length;
}

function weights({ tasks, taskWeights }: Comparison): string {
  const all = tasks.map((task) => taskWeights[task] ?? 1);
  if (new Set(all).size <= 1) return '';
  return ` with the weights ${listed(tasks.map((task, index) => `${all[index]} for ${task}`))}`;
}

const errorsCover = {
  seeds: 'Errors cover training noise only, not the choice of test rows.',
  rows: 'Errors cover the choice of test rows only, not training noise.',
  both: 'Errors cover training noise and the choice of test rows.',
};

function intervals({ test, uncertainty, looks }: Comparison, table: GainTable): readonly string[] {
  if (!table.hasIntervals) return [];
  const repeated = looks.length < 2 ? '' : `, so that all looks together have ${confidence(familyError(looks))}`;
  return [
    `Intervals have ${confidence(test.level)} confidence${repeated}. An interval beside a gain covers that gain alone; simultaneous ones cover all ` +
      `${testedGains(table)} true gains at once. They are Bonferroni's; Holm's method may decide a gain whose interval holds 0.`,
    errorsCover[uncertainty],
  ];
}

function margins({ test }: Comparison, table: GainTable): readonly string[] {
  const given = ofTasks(
    table,
    ({ gain }) => gain.margin,
    ([margin = 0]) => rounded(margin),
  );
  if (given === '') return [];
  return [
    `The margin is ${given}. A gain is equivalent if two one-sided tests show that it is within ± the margin, even if it ` +
      'differs from 0. It is not worse by more than the margin if one of them shows that. ' +
      `Both are adjusted by Holm's method; below ${rounded(test.level)} they show it.`,
  ];
}

/** If a gain is undecided: the gains that would have been detected, the largest over models for each task. */
function detectableGains(table: GainTable): readonly string[] {
  const gains = ofTasks(
    table,
    ({ gain }) => (gain.verdict === 'undecided' ? gain.detectable : null),
    (found, digits) => fixed(Math.max(...found), digits),
  );
  if (gains === '') return [];
  return [`Where a gain is undecided, this table's test would have found a true gain of ${gains} with 80 % power.`];
}

/** `0.001 AUC on income and …`, of the tasks that have such numbers. */
function ofTasks(
  table: GainTable,
  of: (cell: GainCell) => number | null,
  text: (numbers: readonly number[], digits: number) => string,
): string {
  const parts = table.tasks.flatMap((task) => {
    const numbers = cellsOf(table).flatMap((cell) => (cell.task === task ? (of(cell) ?? []) : []));
    return numbers.length === 0 ? [] : [`${text(numbers, task.digits)} ${metricName(task.metric)} on ${task.name}`];
  });
  return listed(parts);
}

/** How often the gains were tested as seeds were added. Empty for a single look. The notes give its cost. */
export function looksInWords({ looks, test }: Pick<Comparison, 'looks' | 'test'>): readonly string[] {
  if (looks.length < 2) return [];
  return [
    `The gains were tested with ${listed(looks.map(({ seeds }) => String(seeds)))} seeds. These looks share a level of ` +
      `${rounded(familyError(looks))}; this one uses ${rounded(test.level)}.`,
  ];
}
