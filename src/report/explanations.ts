import type { Comparison } from '../comparison/comparison.js';
import { familyError } from '../comparison/plan/looks.js';
import { confidence, contrastsAt } from './effects.js';
import { fixed, listed, rounded } from './numbers.js';
import { gainOf, metricName, type Point } from './points.js';

/** How to read a table's numbers, one line each. */
export function explanations(comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds } = comparison;
  return [
    `Gains are over ${baseline}, ${seeds.length === 1 ? 'of one seed' : `as means over ${seeds.length} seeds`}. Above 0 is better.`,
    `Relative gains are in percent of ${baseline}'s metric.${aggregate(comparison, point)}`,
    ...testInWords(comparison, point),
    ...intervals(comparison, point),
    ...margins(comparison, point),
    ...detectableGains(point),
    ...numbersThatDecide(point),
    ...looksInWords(comparison),
  ];
}

/** Whether any gain has an error. With one seed, only the rows can give one. */
export function hasIntervals({ rows, tasks }: Point): boolean {
  return rows.some((row) => tasks.some((task) => gainOf(row, task).interval !== null));
}

const tests = {
  independent: (prior: number | null) =>
    `that of Behrens and Fisher: two samples of runs${prior === 0 ? '' : ', with run variances squeezed over models (Smyth 2004)'}`,
  draws: () => 'a paired t test over draws of the data',
  splits: () => 'a paired t test over splits of one file, corrected for their overlap (Nadeau and Bengio 2003)',
};

/** The test of the gains, and how p is adjusted. Empty if nothing is tested. */
export function testInWords(comparison: Comparison, point: Point): readonly string[] {
  const { test } = comparison;
  const tested = testedGains(point);
  if (tested === 0) return [];
  const designs = [...new Set(point.rows.flatMap(({ design }) => design ?? []))];
  const words = designs.map((design) => tests[design](test.priorDegreesOfFreedom));
  const drawn = test.drawn === 'groups' ? ' The error over test rows is that of their groups (users).' : '';
  const gains = tested === 1 ? 'one gain' : `${tested} gains`;
  const contrasts = contrastsAt(comparison, point).length === 0 ? '' : ' Contrasts are a family of their own.';
  return [
    `The test is ${listed(words) || 'a z test per gain'}.${drawn} p is adjusted by Holm's method over the ${gains} of ${point.title === '' ? 'the' : 'a'} table; ` +
      `below ${rounded(test.level)} a gain differs from 0.${contrasts}`,
  ];
}

function testedGains({ rows, tasks }: Point): number {
  return rows.flatMap((row) => tasks.filter((task) => gainOf(row, task).pHolm !== null)).length;
}

function aggregate({ tasks, taskWeights }: Comparison, { rows }: Point): string {
  if (rows.every((row) => row.aggregate === null)) return '';
  const weights = tasks.map((task) => taskWeights[task] ?? 1);
  const equal = weights.every((weight) => weight === weights[0]);
  const weighted = equal
    ? ''
    : ` with the weights ${listed(tasks.map((task, index) => `${weights[index]} for ${task}`))}`;
  return ` Δm is their mean over tasks${weighted}.`;
}

const errorsCover = {
  seeds: 'Errors cover training noise only, not the choice of test rows.',
  rows: 'Errors cover the choice of test rows only, not training noise.',
  both: 'Errors cover training noise and the choice of test rows.',
};

function intervals({ test, uncertainty, looks }: Comparison, point: Point): readonly string[] {
  if (!hasIntervals(point)) return [];
  const repeated = looks.length < 2 ? '' : `, so that all looks together have ${confidence(familyError(looks))}`;
  return [
    `Intervals have ${confidence(test.level)} confidence${repeated}. An interval beside a gain covers that gain alone; simultaneous ones cover all ` +
      `${testedGains(point)} true gains at once. They are Bonferroni's; Holm's method may decide a gain whose interval holds 0.`,
    errorsCover[uncertainty],
  ];
}

function margins({ test }: Comparison, { rows, tasks }: Point): readonly string[] {
  const given = tasks.flatMap((task) => {
    const margin = rows.map((row) => gainOf(row, task).margin).find((value) => value !== null);
    return margin === undefined || margin === null
      ? []
      : [`${rounded(margin)} ${metricName(task.metric)} on ${task.name}`];
  });
  if (given.length === 0) return [];
  return [
    `The margin is ${listed(given)}. A gain is equivalent if two one-sided tests show that it is within ± the margin, even if it ` +
      'differs from 0. It is not worse by more than the margin if one of them shows that. ' +
      `Both are adjusted by Holm's method; below ${rounded(test.level)} they show it.`,
  ];
}

/** If no gain is decided: the gains that would have been detected, the largest over models for each task. */
function detectableGains({ rows, tasks }: Point): readonly string[] {
  const gains = tasks.flatMap((task) => {
    const undecided = rows
      .map((row) => gainOf(row, task))
      .flatMap(({ verdict, detectable }) => (verdict === 'undecided' && detectable !== null ? [detectable] : []));
    const { name, metric, digits } = task;
    return undecided.length === 0 ? [] : [`${fixed(Math.max(...undecided), digits)} ${metricName(metric)} on ${name}`];
  });
  if (gains.length === 0) return [];
  return [
    `Where a gain is undecided, this table's test would have found a true gain of ${listed(gains)} with 80 % power.`,
  ];
}

/** Explains the numbers of seeds and test rows that would decide. */
function numbersThatDecide({ rows, tasks }: Point): readonly string[] {
  const gains = rows.flatMap((row) => tasks.map((task) => gainOf(row, task)));
  const some = gains.some(
    ({ seedsToDecide, rowsToDecide, timesToDecide }) => seedsToDecide ?? rowsToDecide ?? timesToDecide,
  );
  if (!some) return [];
  return [
    'With the seeds or test rows that would decide a gain, the chance of a decision is about one in two, if the true gain is the observed one.',
  ];
}

/** How often the gains were tested as seeds were added. Empty for a single look. The notes give its cost. */
export function looksInWords({ looks, test }: Pick<Comparison, 'looks' | 'test'>): readonly string[] {
  if (looks.length < 2) return [];
  return [
    `The gains were tested with ${listed(looks.map(({ seeds }) => String(seeds)))} seeds. These looks share a level of ` +
      `${rounded(familyError(looks))}; this one uses ${rounded(test.level)}.`,
  ];
}
