import type { Comparison, ComparisonRow, TaskVerdict } from '../comparison/comparison.js';
import { fewestRuns, isUnfinished } from '../comparison/statistics/gain-family.js';
import { external, isLossWeight } from '../config/compare-schema.js';
import { counted, joined } from '../support/text.js';
import { effect } from './gain-columns.js';
import {
  comparisonPoints,
  type GainRow,
  isMean,
  metricName,
  type Point,
  type PointTask,
  pointRows,
  rowsByModel,
} from './gain-rows.js';
import { confidence, count, listed, percent, rounded } from './numbers.js';

/** The results at one point of the axes in words. Plain text. */
export interface PointAnswer {
  readonly title: string;
  /** Which model to use, what it gains, and what is open; or what to do first. */
  readonly answer: readonly string[];
  /** The label of the model to use. Null: none is known. */
  readonly use: string | null;
}

/** A model's gains over the baseline. */
interface Candidate {
  readonly label: string;
  readonly row: ComparisonRow;
  readonly verdict: string;
  readonly gains: readonly GainRow[];
  /** Null: a task has no relative gain. */
  readonly mean: GainRow | null;
}

const plateau = 'not trained to a plateau';
/** In an answer, more tasks of one verdict are counted. */
const mostNamed = 4;

export function answers(comparison: Comparison): readonly PointAnswer[] {
  return comparisonPoints(comparison).map((point) => {
    const models = candidatesAt(comparison, point).filter(({ gains: [first] }) => first?.family === 'models');
    return { title: point.title, ...answerAt(comparison, point, models) };
  });
}

/** The model to use, where there is one answer and it is a model of this program. */
export function rowToServe(comparison: Comparison): ComparisonRow | undefined {
  const [answer, ...others] = answers(comparison);
  if (!answer || others.length > 0) return undefined;
  return comparison.rows.find(({ label, type }) => label === answer.use && type !== external);
}

/** Models and contrasts. */
function candidatesAt(comparison: Comparison, point: Point): readonly Candidate[] {
  return rowsByModel(pointRows(comparison, point)).flatMap((rows): Candidate[] => {
    const [{ model: row, reference, modelVerdict: verdict }] = rows;
    if (reference === null) return [];
    const gains = rows.filter((gain) => !isMean(gain));
    return [{ label: row.label, row, verdict, gains, mean: rows.find(isMean) ?? null }];
  });
}

/**
 * One to three sentences. They say what verdicts have shown, and test nothing. A model is used that is better
 * on all tasks; on some, and worse on none; or on the mean. Its mean gain is not below 0, even undecided. Else nothing better
 * is shown: then it is the baseline, or the smallest model that is shown to be not worse by more than the margin on any
 * task. Among models alike it is the smallest; of nearly equal sizes that with the largest mean gain.
 */
function answerAt(comparison: Comparison, point: Point, models: readonly Candidate[]): Omit<PointAnswer, 'title'> {
  const { baseline, seeds, uncertainty, test } = comparison;
  const use = (label: string, ...answer: readonly string[]) => ({ use: label, answer });
  const keep = (...answer: readonly string[]) => use(baseline, ...answer);
  const base = point.rows.find(({ label }) => label === baseline);
  const withGain = models.filter(({ gains }) => gains.some(({ gain }) => gain !== null));
  if (!base || withGain.length === 0)
    return {
      use: null,
      answer: [`No gain over ${baseline} is known: its runs, or all others, have no result (see the notes).`],
    };
  const judged = withGain.filter(({ verdict }) => verdict !== plateau);
  if (judged.length === 0) return { use: null, answer: [unfinished(point, withGain, baseline)] };
  if (uncertainty !== 'rows' && seeds.length < fewestRuns)
    return keep(
      `Keep ${quoted(baseline)} for now: with ${counted(seeds.length, 'seed')} nothing is tested.`,
      `Set compare.seeds to 5 (at least ${fewestRuns}). Finished runs are not trained again.`,
    );
  if (judged.every(({ gains }) => gains.every(({ pHolm }) => pHolm === null)))
    return keep(`Keep ${quoted(baseline)} for now: nothing is tested (see the notes).`);
  const say = (model: Candidate) => `${quoted(model.label)}: ${findings(model.gains, test.level, mostNamed)}.`;
  const also = [...leftOut(withGain), ...atEdges(withGain, base), ...ahead(judged, baseline)];
  const winners = alike(judged.filter((model) => risks(model, test.level).length === 0));
  const winner = smallest(winners);
  if (winner) {
    const onMean = has(winner, 'better')
      ? ''
      : `better than ${baseline} on the mean over tasks (Δm ${winner.mean && effect(winner.mean)}); `;
    return use(
      winner.label,
      `Use ${quoted(winner.label)}${ofSeveral(winner, winners)}: ${onMean}${findings(winner.gains, test.level, mostNamed)}.`,
      ...(winner.row.type === external ? [leavesNoModel] : []),
      ...also,
    );
  }
  const trades = ranked(judged.filter((model) => has(model, 'better')));
  const [trade] = trades;
  const risky = smallest(alike(judged));
  if (risky) return keep(...tooRisky(risky, baseline, test.level), ...also);
  if (trade) {
    const every = trades.every((model) => has(model, 'worse'));
    const why = every
      ? 'each model that gains on one task loses on another'
      : 'each model that gains on one task loses on another, or on the mean over tasks (Δm)';
    return keep(`Keep ${quoted(baseline)}: ${why}.`, say(trade), ...otherWeights(trade, comparison), ...also);
  }
  const isOpen = judged.every((model) => model.gains.every(({ verdict }) => verdict === 'undecided'));
  const none = isOpen
    ? `No difference from ${baseline} is shown with ${counted(seeds.length, 'seed')}`
    : `No model is shown to be better than ${baseline} on any task`;
  const safe = smallest(judged.filter((model) => isNotWorse(model, test.level) && size(model.row) < size(base)));
  if (safe) {
    const sizes = `${count(size(safe.row))} parameters; ${baseline} has ${count(size(base))}`;
    return use(
      safe.label,
      `${none}: use ${quoted(safe.label)} (${sizes}), which is not worse by more than the margin on any task.`,
      ...also,
    );
  }
  return keep(`${none}: keep ${quoted(baseline)}.`, ...mayBring(judged, test.level), ...also);
}

const leavesNoModel =
  'Its command left predictions here, and no model of ple; gbm.py saves its own, which docs/boosting.md loads.';

/** A model is not used that may cost more than this many margins on a task. */
const mostRisked = 10;

/** Open gains that may be a large loss. */
function risks({ gains }: Pick<Candidate, 'gains'>, level: number): readonly GainRow[] {
  return gains.filter(({ verdict, margin, simultaneous, pNotInferior }) => {
    if (verdict !== 'undecided' || margin === null || simultaneous === null) return false;
    return (pNotInferior ?? 1) >= level && -simultaneous[0] > mostRisked * margin;
  });
}

/** What to try where one task pays for another, unless loss weights are an axis. */
function otherWeights({ label, gains }: Candidate, { axes }: Comparison): readonly string[] {
  const loser = gains.find(({ verdict }) => verdict === 'worse');
  if (!loser || Object.keys(axes).some(isLossWeight)) return [];
  const axis = `loss.weights.${loser.task.name}.initial: { times: [0.25, 1, 4, 16], models: [${JSON.stringify(label)}] }`;
  return [`Next: try other loss weights, with 'compare.axes={ ${axis} }' behind the command.`];
}

function has({ gains }: Candidate, verdict: GainRow['verdict']): boolean {
  return gains.some((gain) => gain.verdict === verdict);
}

/** The models of the first kind that has some. */
function alike(judged: readonly Candidate[]): readonly Candidate[] {
  const sound = judged.filter((model) => !has(model, 'worse') && (model.mean?.gain ?? 0) >= 0);
  const kinds = [
    sound.filter(({ verdict }) => verdict === 'better on all'),
    sound.filter((model) => has(model, 'better')),
    sound.filter(({ mean }) => mean?.verdict === 'better'),
  ];
  return kinds.find((kind) => kind.length > 0) ?? [];
}

/** That a larger model gains more is said, since a reader may have room for it. */
function ofSeveral(winner: Candidate, winners: readonly Candidate[]): string {
  const [first] = ranked(winners);
  if (!first?.mean || first === winner) return '';
  return `, the smallest of ${winners.length} that win (${quoted(first.label)} gains more: Δm ${effect(first.mean)})`;
}

/** Its gain is shown, and what it may cost is too much. */
function tooRisky({ label, gains, mean }: Candidate, baseline: string, level: number): readonly string[] {
  const better = gains.filter(({ verdict }) => verdict === 'better');
  const where = better.map((row) => `${row.task.name} (${effectInWords(row)})`);
  const named = where.length > mostNamed ? `${where.length} of ${gains.length} tasks` : listed(where);
  const gained = better.length > 0 ? named : `the mean over tasks (Δm ${mean && effect(mean)})`;
  const open = risks({ gains }, level);
  const costs = open.map(
    ({ simultaneous, task }) => `${amount(-(simultaneous?.[0] ?? 0), task)} worse on ${task.name}`,
  );
  const more = Math.max(...open.map(({ part }) => part?.moreDraws ?? 0));
  return [
    `Keep ${quoted(baseline)} for now: ${quoted(label)} is better on ${gained}, and may be up to ${listed(costs)}.`,
    ...(more > 0
      ? [
          `About ${counted(more, 'more seed')} would decide ${listed(open.map(({ task }) => task.name))}, if the gain stays.`,
        ]
      : []),
  ];
}

/** Sizes up to this much above the smallest are nearly equal. */
const nearly = 1.05;

function smallest(models: readonly Candidate[]): Candidate | undefined {
  const least = Math.min(...models.map(({ row }) => size(row)));
  return ranked(models.filter(({ row }) => size(row) <= nearly * least))[0];
}

/** Of a model made elsewhere the size is not known. */
function size({ parameters }: ComparisonRow): number {
  return parameters ? parameters.embedding + parameters.network : Number.POSITIVE_INFINITY;
}

/** The largest mean gain first. */
function ranked(models: readonly Candidate[]): readonly Candidate[] {
  return models.toSorted((model, other) => meanGain(other) - meanGain(model));
}

function meanGain({ mean }: Candidate): number {
  return mean?.gain ?? -Number.MAX_VALUE;
}

/** Shown to be within the margin, or above it, on every task. */
function isNotWorse({ gains }: Candidate, level: number): boolean {
  return gains.every(({ verdict, pNotInferior }) => {
    return verdict === 'better' || verdict === 'equivalent' || (verdict === 'undecided' && (pNotInferior ?? 1) < level);
  });
}

/** Models whose verdict waits, though a task of theirs differs: the answer, which is of the others, must not deny that. */
function leftOut(models: readonly Candidate[]): readonly string[] {
  const late = models.filter((model) => model.verdict === plateau && (has(model, 'better') || has(model, 'worse')));
  if (late.length === 0) return [];
  return [`This leaves out ${labelsOf(late)}, not trained to a plateau on every task.`];
}

/** Models whose gains stay open: values of theirs, or of the baseline, were chosen at an end of their list. */
function atEdges(models: readonly Candidate[], base: ComparisonRow): readonly string[] {
  const open = models.filter(({ gains }) => gains.some(({ atEdge }) => atEdge));
  if (open.length === 0) return [];
  const whose = [base, ...open.map(({ row }) => row)].filter(({ atEdge }) => atEdge);
  return [`Open are gains of ${labelsOf(open)}: values of ${labelsOf(whose)} were chosen at an end of their list.`];
}

function labelsOf(models: readonly Pick<Candidate, 'label'>[]): string {
  return listed(models.map(({ label }) => quoted(label)));
}

/** A model made elsewhere, such as gradient boosting, is no choice of network: it is told where its mean gain leads. */
function ahead(judged: readonly Candidate[], baseline: string): readonly string[] {
  const [first] = ranked(judged);
  const isAhead = first?.row.type === external && first.mean?.verdict === 'better';
  if (!isAhead || !first.mean || smallest(alike(judged)) === first) return [];
  return [`${quoted(first.label)} has the largest mean gain over ${baseline} (Δm ${effect(first.mean)}).`];
}

/** What the baseline gives up at most: the upper ends of the simultaneous intervals of open gains. */
function mayBring(judged: readonly Candidate[], level: number): readonly string[] {
  const open = judged.flatMap(({ gains }) => gains.filter(({ verdict, atEdge }) => verdict === 'undecided' && !atEdge));
  const tasks = [...new Set(open.map(({ task }) => task))];
  const bounds = tasks.flatMap((task) => {
    const ends = open.flatMap((row) => (row.task === task && row.simultaneous ? [row.simultaneous[1]] : []));
    const most = Math.max(0, ...ends);
    return most === 0 ? [] : [`${amount(most, task)} on ${task.name}`];
  });
  if (bounds.length === 0 || bounds.length > mostNamed) return [];
  return [`The undecided gains are at most ${listed(bounds)}, by the ${confidence(level)} intervals.`];
}

/** The models that were not trained to a plateau, the baseline among them, and the tasks on which they were not. */
function unfinished({ rows, tasks }: Point, models: readonly Candidate[], baseline: string): string {
  const names = new Set([baseline, ...models.map(({ label }) => label)]);
  let [ended, trained] = [0, 0];
  const late = rows.flatMap((row) => {
    const runs = row.runs.filter(({ status }) => status === 'done').length;
    const lateTasks = tasks.filter(({ name }) => isUnfinished(row.tasks[name]?.atLimit ?? 0, runs));
    if (!names.has(row.label) || lateTasks.length === 0) return [];
    [ended, trained] = [ended + row.atLimit, trained + runs];
    const on = lateTasks.length < tasks.length ? ` (${lateTasks.map(({ name }) => name).join(', ')})` : '';
    return [quoted(row.label) + on];
  });
  return `${listed(late)}: not trained to a plateau. ${count(ended)} of their ${count(trained)} runs ended at their limit of epochs, still improving: raise train.epochs.`;
}

/**
 * What the tests say of a model's gains, verdict by verdict: `better than single-task on a (+1.2 %); undecided on b …`.
 * @param mostNamed More tasks of one verdict are counted.
 */
export function findings(gains: readonly GainRow[], level: number, mostNamed = Number.POSITIVE_INFINITY): string {
  const reference = quoted(gains[0]?.reference ?? '');
  const parts: string[] = [];
  const say = (verdict: TaskVerdict, before: string, sizeOf?: (row: GainRow) => string) => {
    const rows = gains.filter((row) => row.gain !== null && row.verdict === verdict);
    const named = () => rows.map((row) => (sizeOf ? `${row.task.name} (${sizeOf(row)})` : row.task.name));
    if (rows.length > mostNamed) parts.push(`${before} ${rows.length} of ${gains.length} tasks`);
    else if (rows.length > 0) parts.push(`${before} ${listed(named())}`);
  };
  say('better', `better than ${reference} on`, effectInWords);
  say('worse', `worse than ${reference} on`, effectInWords);
  say('equivalent', `equivalent to ${reference} on`, ({ margin, task }) => `within ± ${amount(margin ?? 0, task)}`);
  say('undecided', `undecided against ${reference} on`, (row) =>
    joined(', ', effectInWords(row), mostLoss(row, level)),
  );
  say('not trained to a plateau', 'no verdict, for want of training, on');
  const missing = gains.filter(({ gain }) => gain === null).map(({ task }) => task.name);
  if (missing.length > 0) parts.push(`no result on ${listed(missing)}`);
  return parts.join('; ');
}

/** `+0.0012 AUC`, or of an error `27.1 % less MSE`. */
function effectInWords(row: GainRow): string {
  const { task, relativeGain, percentDigits } = row;
  if (task.percent === null) return `${effect(row)} ${task.unit}`;
  if (relativeGain === null) return effect(row);
  const size = percent(Math.abs(relativeGain), percentDigits).replace('+', '');
  return `${size} ${relativeGain < 0 ? 'more' : 'less'} ${metricName(task.metric)}`;
}

/** The margin where a test shows that the loss is below it, else the end of the simultaneous interval. */
function mostLoss({ margin, pNotInferior, simultaneous, task, atEdge }: GainRow, level: number): string {
  if (atEdge) return 'at an end of a list';
  if (margin !== null && pNotInferior !== null && pNotInferior < level) return `at most ${amount(margin, task)} worse`;
  return simultaneous === null ? '' : `at most ${amount(Math.max(0, -simultaneous[0]), task)} worse`;
}

/** A size without its sign, in the unit in which the table has gains. */
function amount(size: number, { unit, percent }: PointTask): string {
  return percent === null ? `${rounded(size)} ${unit}` : `${rounded(size * percent)} %`;
}

/** Puts a label in quotation marks if it could be confused with the sentence's words. */
function quoted(label: string): string {
  return /[,;.:]\s|\s(and|or|is|on|over)\s/.test(label) ? `“${label}”` : label;
}
