import type { Comparison } from '../comparison/comparison.js';
import { pointText } from '../comparison/plan/axis-point.js';
import { fewestForBest } from '../comparison/statistics/best-settings.js';
import { groupedBy } from '../support/json.js';
import { counted, joined } from '../support/text.js';
import { chosenText } from './chosen-settings.js';
import { confidence, count, listed, rounded, short } from './numbers.js';
import { logPoints, type Point } from './shown-gains.js';

/** The signs of a table, in a line. */
export const signsInWords =
  '▲ better, ▼ worse, = equivalent (within ± the margin), ? undecided, … not trained to a plateau.';

/** How to read a table's numbers, one line each. */
export function explanations(comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds, errorGains, uncertainty, test } = comparison;
  const { gains } = point;
  const ofTasks = gains.filter(({ mean, entry }) => !mean && !entry.picked); // a pick adds no test
  const tested = ofTasks.filter(({ family, pHolm }) => family === 'models' && pHolm !== null).length;
  const log = errorGains === 'log' ? ` Gains of errors are in log points, 100 ln(${baseline} / model).` : '';
  const lines = [
    `Gains are over ${baseline}, as means over ${counted(seeds.length, 'seed')}. Above 0 is better. Relative gains are in percent of ${baseline}'s metric.${log}`,
  ];
  if (gains.some(({ oneEpoch }) => oneEpoch))
    lines.push(
      'Each task is judged, and served, at its own best epoch. “One epoch”: the gains with one network to serve (train.keep: one); of the baseline, what one epoch costs.',
    );
  if (gains.some(({ together }) => together))
    lines.push(
      '“Together”: all runs of a model predict the mean of their predictions, as ple predict does; ± is the error over test rows. Nothing is tested of it. Compare it with the same of other models, not with their mean.',
    );
  if (gains.some(({ mean }) => mean)) lines.push(meanGain(comparison));
  if (tested > 0) lines.push(testInWords(comparison, point, tested));
  if (ofTasks.some(({ low }) => low !== null))
    lines.push(
      `Intervals have ${confidence(test.level)} confidence. An interval beside a gain covers that gain alone; simultaneous ones cover all ${counted(tested, 'true gain')} at once. They are Bonferroni's; Holm's method may decide a gain whose interval holds 0.`,
      cover[uncertainty],
    );
  const margins = new Map(
    gains.flatMap(({ family, margin, about: { name, unit } }) =>
      family === 'models' && margin !== null ? [[name, `${rounded(margin)} ${unit} on ${name}`] as const] : [],
    ),
  );
  if (margins.size > 0)
    lines.push(
      `The margin is ${listed([...margins.values()])}. A gain is equivalent if two one-sided tests (p equivalent) show that it is within ± the margin, even if it differs from 0. “At most … worse” is the margin if one of them shows that, else the end of the simultaneous interval. Both tests are adjusted by Holm's method; below ${rounded(test.level)} they show it.`,
    );
  const sizes = parametersInWords(point.models);
  if (sizes.length > 0) lines.push(sizes.join(' '));
  if (comparison.gains.some(({ family }) => family === 'means'))
    lines.push(
      `A mean over the points is of relative gains in percent. A seed is one number, the mean of its points; the test is Student's t over seeds, and these means are a family of their own.`,
    );
  return lines;
}

/** What a reader of the short tables needs. */
export function legend(comparison: Comparison, points: readonly Point[]): string {
  const { baseline } = comparison;
  const tasks = points.flatMap((point) => point.tasks);
  const units: string[] = [];
  if (tasks.some(({ percent, unit }) => percent === null && unit !== logPoints)) units.push("in the metric's unit");
  if (tasks.some(({ percent }) => percent !== null)) units.push(`of errors in % of ${baseline}'s`);
  if (tasks.some(({ unit }) => unit === logPoints)) units.push(`of errors in log points, 100 ln(${baseline} / model)`);
  const lines = [signsInWords, `Gains are ${units.join(', ')}; above 0 is better.`];
  if (comparison.gains.some(({ family, mean }) => family === 'models' && mean)) lines.push(meanGain(comparison));
  return [...lines, ...parametersInWords(comparison.models), 'All numbers: --wide.'].join(' ');
}

/** What the column of parameters counts, where that is not plain. */
function parametersInWords(models: Point['models']): readonly string[] {
  const lines: string[] = [];
  if (models.some(({ parameters }) => (parameters?.embedding ?? 0) > 0))
    lines.push('Parameters include embeddings; gains.csv has both apart.');
  if (models.some(({ networks }) => networks > 1))
    lines.push(
      'x2: two networks of one joint model predict (are served), as its tasks keep different epochs (train.keep: one serves one).',
    );
  return lines;
}

function meanGain({ baseline, tasks, taskWeights, errorGains }: Comparison): string {
  const weights = tasks.map((task) => taskWeights[task] ?? 1);
  const ofErrors = errorGains === 'log' ? ', of errors of their log points' : '';
  const mean = `Δm is the mean over tasks of gain / ${baseline}'s metric${ofErrors}`;
  if (new Set(weights).size <= 1) return `${mean}.`;
  return `${mean}, with the weights ${listed(tasks.map((task, index) => `${weights[index]} for ${task}`))}.`;
}

const tests = {
  independent: (prior: number | null) =>
    `that of Behrens and Fisher: two samples of runs${prior === 0 ? '' : ', with run variances squeezed (each drawn towards that of all models; Smyth 2004)'}`,
  draws: () => 'a paired t test over draws of the data',
  splits: () => 'a paired t test over splits of one file, corrected for their overlap (Nadeau and Bengio 2003)',
};

/** The test of the gains, and how p is adjusted. @param tested Number of gains */
function testInWords(
  { test: { priorDegreesOfFreedom, drawn, level } }: Comparison,
  { title, models, gains }: Point,
  tested: number,
): string {
  const designs = [...new Set(models.flatMap(({ design }) => design ?? []))];
  const words = designs.map((design) => tests[design](priorDegreesOfFreedom));
  const lines = [
    `The test is ${listed(words) || 'a z test per gain'}.`,
    `p is adjusted by Holm's method over ${counted(tested, 'gain')} of ${title === '' ? 'the table' : 'a table'}; below ${rounded(level)} a gain differs from 0.`,
  ];
  if (drawn === 'groups') lines.push('The error over test rows is that of their groups (users).');
  if (gains.some(({ family }) => family === 'contrasts')) lines.push('Contrasts are a family of their own.');
  return lines.join(' ');
}

const cover = {
  seeds: 'Errors cover training noise only, not the choice of test rows.',
  rows: 'Errors cover the choice of test rows only, not training noise.',
  both: 'Errors cover training noise and the choice of test rows.',
};

/** How the numbers at a point were made, where it is not as usual. */
export function protocol({ search }: Comparison, { models, trained, searches }: Point): readonly string[] {
  const lines: string[] = [];
  const sizes = sizesInWords(models);
  if (sizes.length > 0) lines.push(sizes.join(' '));
  if (trained) {
    const passes = trained.passes === 1 ? 'one pass' : `${rounded(trained.passes)} passes`;
    lines.push(`Models were trained for ${passes} over ${count(trained.rows)} rows.`);
  }
  for (const { label, point, picked = [] } of models)
    for (const { task, served, bySeed } of picked) {
      const counts = groupedBy(Object.values(bySeed), (name) => name).map((alike) => `${alike[0]} for ${alike.length}`);
      lines.push(
        `${joined(' ', label, pointText(point, ' '))} on ${task}: seeds picked ${counts.join(', ')}. Served: ${served}.`,
      );
    }
  if (search?.models.some(({ candidates }) => candidates.length > 1)) {
    // The numbers of all points, as the same line stands for each of them.
    const tried = search.models.map(({ candidates }) => candidates.length);
    const runs = tried.reduce((sum, size) => sum + size, 0) * search.seeds.length;
    const how = search.crossFit
      ? `Each seed is judged at the one whose mean validation score over the other seeds is best. ${search.seeds.length < fewestForBest ? 'Where seeds chose differently, errors of gains are larger.' : 'A gain is tested between all settings that may be the best.'}`
      : 'The best mean validation score chooses.';
    lines.push(
      `Search: ${rangeText(tried)} combinations in each of ${counted(tried.length, 'search', 'searches')}, ${counted(runs, 'run')}. ${how}`,
    );
    for (const one of searches.filter(({ candidates }) => candidates.length > 1))
      lines.push(`${joined(' ', one.label, pointText(one.point, ' '))}: ${chosenText(one, search)}.`);
  }
  return lines;
}

/** Says that networks are of one size, and to what they were matched. */
function sizesInWords(models: Point['models']): readonly string[] {
  const sizes = models.flatMap(({ parameters, picked }) => (picked ? [] : (parameters ?? [])));
  const [networks, embeddings] = [sizes.map(({ network }) => network), sizes.map(({ embedding }) => embedding)];
  if (sizes.length < 2 || Math.max(...networks) >= 1.05 * Math.min(...networks)) return [];
  const lines = [`All networks have ${rangeText(networks, short)} parameters.`];
  const matches = models.flatMap(({ match, matchByTask = {} }) => match ?? Object.values(matchByTask));
  const [target, ...others] = new Set(matches.map(({ network, embedding = 0, miss }) => network + embedding - miss));
  const whose = models.find(({ verdict, parameters }) => verdict === 'baseline' && parameters?.network === target);
  if (target !== undefined && others.length === 0)
    lines.push(`They are matched to ${whose ? `${whose.label}'s ` : ''}${count(target)}.`);
  if (Math.max(...embeddings) > 0) lines.push(`Embeddings have ${rangeText(embeddings, short)}.`);
  return lines;
}

/** `2 to 5`, or the one number that all are. */
function rangeText(numbers: readonly number[], text: (number: number) => string = String): string {
  return [...new Set([Math.min(...numbers), Math.max(...numbers)].map(text))].join(' to ');
}
