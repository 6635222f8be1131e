import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { counted } from '../support/whole-number.js';
import { type GainRow, isMean, logPoints, type Point, pointRows, weightedTask } from './gain-rows.js';
import { confidence, count, listed, rounded, short } from './numbers.js';

/** The signs of a table, in a line. */
export const signsInWords =
  '▲ better, ▼ worse, = equivalent (within ± the margin), ? undecided, … not trained to a plateau.';

/** How to read a table's numbers, one line each. */
export function explanations(comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds } = comparison;
  const rows = pointRows(comparison, point);
  return [
    `Gains are over ${baseline}, as means over ${counted(seeds.length, 'seed')}. Above 0 is better. Relative gains are in percent of ${baseline}'s metric.${comparison.errorGains === 'log' ? ` Gains of errors are in log points, 100 ln(${baseline} / model).` : ''}`,
    ...(rows.some(({ oneEpoch }) => oneEpoch)
      ? [
          'Each task is judged, and served, at its own best epoch. “One epoch”: the gains with one network to serve (train.keep: one); of the baseline, what one epoch costs.',
        ]
      : []),
    ...(rows.some(isMean) ? [meanGain(comparison)] : []),
    ...test(comparison, point, rows),
    ...intervals(comparison, rows),
    ...margins(comparison, rows),
    ...[sizes(point.rows)].filter((text) => text !== ''),
    ...(comparison.means
      ? [
          `A mean over the points is of relative gains in percent. A seed is one number, the mean of its points; the test is Student's t over seeds, and these means are a family of their own.`,
        ]
      : []),
  ];
}

/** What a reader of the short tables needs. */
export function legend(comparison: Comparison, points: readonly Point[]): string {
  const { baseline } = comparison;
  const tasks = points.flatMap((point) => point.tasks);
  const units = [
    tasks.some(({ percent, unit }) => percent === null && unit !== logPoints) ? "in the metric's unit" : '',
    tasks.some(({ percent }) => percent !== null) ? `of errors in % of ${baseline}'s` : '',
    tasks.some(({ unit }) => unit === logPoints) ? `of errors in log points, 100 ln(${baseline} / model)` : '',
  ];
  const hasMean = points.some(({ rows }) => rows.some(({ aggregate }) => aggregate));
  return joined(
    ' ',
    signsInWords,
    `Gains are ${joined(', ', ...units)}; above 0 is better.`,
    hasMean ? meanGain(comparison) : '',
    sizes(points.flatMap(({ rows }) => rows)),
    'All numbers: --wide.',
  );
}

/** What the column of parameters counts, where that is not plain. */
function sizes(rows: Point['rows']): string {
  return joined(
    ' ',
    rows.some(({ parameters }) => (parameters?.embedding ?? 0) > 0)
      ? 'Parameters are those of the network + those of embeddings.'
      : '',
    rows.some(({ networks }) => networks > 1)
      ? 'x2: two networks of one joint model predict (are served), as its tasks keep different epochs (train.keep: one serves one).'
      : '',
  );
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

/** The test of the gains, and how p is adjusted. */
function test(comparison: Comparison, { title, rows: models }: Point, rows: readonly GainRow[]): readonly string[] {
  const { priorDegreesOfFreedom, drawn, level } = comparison.test;
  const tested = testedGains(rows);
  if (tested === 0) return [];
  const designs = [...new Set(models.flatMap(({ design }) => design ?? []))];
  const words = designs.map((design) => tests[design](priorDegreesOfFreedom));
  return [
    joined(
      ' ',
      `The test is ${listed(words) || 'a z test per gain'}.`,
      `p is adjusted by Holm's method over ${counted(tested, 'gain')} of ${title === '' ? 'the table' : 'a table'}; below ${rounded(level)} a gain differs from 0.`,
      drawn === 'groups' ? 'The error over test rows is that of their groups (users).' : '',
      rows.some(({ family }) => family === 'contrasts') ? 'Contrasts are a family of their own.' : '',
    ),
  ];
}

function testedGains(rows: readonly GainRow[]): number {
  return rows.filter((row) => row.family === 'models' && !isMean(row) && row.pHolm !== null).length;
}

const cover = {
  seeds: 'Errors cover training noise only, not the choice of test rows.',
  rows: 'Errors cover the choice of test rows only, not training noise.',
  both: 'Errors cover training noise and the choice of test rows.',
};

function intervals({ test: { level }, uncertainty }: Comparison, rows: readonly GainRow[]): readonly string[] {
  if (rows.every((row) => row.interval === null || isMean(row))) return [];
  const gains = counted(testedGains(rows), 'true gain');
  return [
    `Intervals have ${confidence(level)} confidence. An interval beside a gain covers that gain alone; simultaneous ones cover all ${gains} at once. They are Bonferroni's; Holm's method may decide a gain whose interval holds 0.`,
    cover[uncertainty],
  ];
}

function margins({ test: { level } }: Comparison, rows: readonly GainRow[]): readonly string[] {
  const ofTasks = new Map(
    rows.flatMap(({ family, margin, task }) =>
      family === 'models' && margin !== null
        ? [[task.name, `${rounded(margin)} ${task.unit} on ${task.name}`] as const]
        : [],
    ),
  );
  if (ofTasks.size === 0) return [];
  return [
    `The margin is ${listed([...ofTasks.values()])}. A gain is equivalent if two one-sided tests (p equivalent) show that it is within ± the margin, even if it differs from 0. “At most … worse” is the margin if one of them shows that, else the end of the simultaneous interval. Both tests are adjusted by Holm's method; below ${rounded(level)} they show it.`,
  ];
}

/** How the numbers at a point were made, where it is not as usual. */
export function protocol(
  { search }: Comparison,
  { rows, trained, searches, fronts: [front] }: Point,
): readonly string[] {
  const lines: string[] = [];
  const size = commonSize(rows);
  if (size !== '') lines.push(size);
  if (trained) {
    const passes = trained.passes === 1 ? 'one pass' : `${rounded(trained.passes)} passes`;
    lines.push(`Models were trained for ${passes} over ${count(trained.rows)} rows.`);
  }
  if (search && searches.length > 0) {
    const sizes = searches.map(({ candidates }) => candidates.length);
    const range = [...new Set([Math.min(...sizes), Math.max(...sizes)])].join(' to ');
    const runs = sizes.reduce((sum, tried) => sum + tried, 0) * search.seeds.length;
    lines.push(
      `Search: ${range} combinations in each of ${counted(searches.length, 'search', 'searches')}, ${counted(runs, 'run')}. The best mean validation score chooses.`,
    );
  }
  if (front) {
    const weights = listed(front.points.map(({ value }) => rounded(value)));
    lines.push(`Fronts: each joint model was also trained at the loss weights ${weights} of ${weightedTask(front)}.`);
  }
  return lines;
}

/** Of networks that are of one size, and to what they were matched. */
function commonSize(rows: Point['rows']): string {
  const sizes = rows.flatMap(({ parameters }) => parameters ?? []);
  const range = (of: 'network' | 'embedding') => {
    const all = sizes.map((one) => one[of]);
    return [...new Set([Math.min(...all), Math.max(...all)].map(short))].join(' to ');
  };
  const networks = sizes.map(({ network }) => network);
  if (sizes.length < 2 || Math.max(...networks) >= 1.05 * Math.min(...networks)) return '';
  const matches = rows.flatMap(({ match, matchByTask = {} }) => match ?? Object.values(matchByTask));
  const [target, ...others] = new Set(matches.map(({ network, embedding = 0, miss }) => network + embedding - miss));
  const whose = rows.find(({ verdict, parameters }) => verdict === 'baseline' && parameters?.network === target);
  const matched =
    target === undefined || others.length > 0
      ? ''
      : `They are matched to ${whose ? `${whose.label}'s ` : ''}${count(target)}.`;
  const embeddings = range('embedding');
  return joined(
    ' ',
    `All networks have ${range('network')} parameters.`,
    matched,
    embeddings === '0' ? '' : `Embeddings have ${embeddings}.`,
  );
}
