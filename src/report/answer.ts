import type { ComparedModel, Comparison, TaskVerdict } from '../comparison/comparison.js';
import { areStillImproving, fewestRuns } from '../comparison/statistics/gain-family.js';
import { external, isLossWeight } from '../config/compare-schema.js';
import { groupedBy } from '../support/json.js';
import { must } from '../support/must.js';
import { counted, joined } from '../support/text.js';
import { effect } from './gain-columns.js';
import { confidence, count, listed, percent, rounded } from './numbers.js';
import { comparisonPoints, gainsByModel, type Point, type ShownGain, type ShownTask } from './shown-gains.js';

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
  readonly model: ComparedModel;
  readonly gains: readonly ShownGain[];
  /** Null: a task has no relative gain. */
  readonly mean: ShownGain | null;
}

const plateau = 'not trained to a plateau';
/** In an answer, more tasks of one verdict are counted. */
const mostNamed = 4;

export function answers(comparison: Comparison): readonly PointAnswer[] {
  return comparisonPoints(comparison).map((point) => ({ title: point.title, ...answerAt(comparison, point) }));
}

/** The model to use, where there is one answer and it is a model of this program. */
export function modelToServe(comparison: Comparison): ComparedModel | undefined {
  const [answer, ...others] = answers(comparison);
  if (!answer || others.length > 0) return undefined;
  return comparison.models.find(({ label, type }) => label === answer.use && type !== external);
}

/** What the rules of an answer look at. */
interface Facts {
  readonly comparison: Comparison;
  readonly point: Point;
  readonly baseline: string;
  readonly base: ComparedModel;
  /** Models that have a gain. */
  readonly candidates: readonly Candidate[];
  /** Those of them that were trained to a plateau. */
  readonly judged: readonly Candidate[];
  /** What is said beside an answer. */
  readonly beside: readonly string[];
}

type Answer = Omit<PointAnswer, 'title'>;
type Rule = (facts: Facts) => Answer | undefined;

/** The first that answers counts. They say what verdicts have shown, and test nothing. */
const rules: readonly Rule[] = [
  allUnfinished,
  tooFewSeeds,
  nothingTested,
  useWinner,
  keepBeforeRisk,
  keepBeforeTrade,
  useSmallerModel,
  keepWithoutDifference,
];

function answerAt(comparison: Comparison, point: Point): Answer {
  const { baseline } = comparison;
  const base = point.models.find(({ label }) => label === baseline);
  const candidates = candidatesAt(point).filter(({ gains }) => gains.some(({ gain }) => gain !== null));
  const unknown = `No gain over ${baseline} is known: its runs, or all others, have no result (see the notes).`;
  if (!base || candidates.length === 0) return { use: null, answer: [unknown] };
  const judged = candidates.filter(({ model }) => model.verdict !== plateau && model.verdict !== 'no verdict');
  const beside = [...leftOut(candidates), ...atEdges(candidates, base), ...ahead(judged, baseline)];
  const facts = { comparison, point, baseline, base, candidates, judged, beside };
  for (const rule of rules) {
    const answer = rule(facts);
    if (answer) return answer;
  }
  throw new Error('The last rule has no condition.');
}

function candidatesAt({ gains, models }: Point): readonly Candidate[] {
  const ofModels = gains.filter(({ family, reference }) => family === 'models' && reference !== null);
  return gainsByModel(ofModels).map((rows) => ({
    label: rows[0].model,
    model: must(
      models.find(({ label }) => label === rows[0].model),
      'model',
    ),
    gains: rows.filter(({ mean }) => !mean),
    mean: rows.find(({ mean }) => mean) ?? null,
  }));
}

function allUnfinished({ judged, point, candidates, baseline }: Facts): Answer | undefined {
  return judged.length === 0 ? { use: null, answer: [unfinished(point, candidates, baseline)] } : undefined;
}

function tooFewSeeds({ comparison: { uncertainty, seeds }, baseline }: Facts): Answer | undefined {
  if (uncertainty === 'rows' || seeds.length >= fewestRuns) return undefined;
  const answer = [
    `Keep ${quoted(baseline)} for now: with ${counted(seeds.length, 'seed')} nothing is tested.`,
    `Set compare.seeds to 5 (at least ${fewestRuns}). Finished runs are not trained again.`,
  ];
  return { use: baseline, answer };
}

function nothingTested({ judged, baseline }: Facts): Answer | undefined {
  if (judged.some(({ gains }) => gains.some(({ pHolm }) => pHolm !== null))) return undefined;
  return { use: baseline, answer: [`Keep ${quoted(baseline)} for now: nothing is tested (see the notes).`] };
}

/**
 * A model is used that is better on all tasks; on some, and worse on none; or on the mean. Its mean gain is not below 0,
 * even undecided, and nothing undecided may cost too much. Among models alike it is the smallest; of nearly equal sizes
 * that with the largest mean gain.
 */
function useWinner({ judged, baseline, comparison: { test }, beside }: Facts): Answer | undefined {
  const winners = alike(judged.filter((model) => risks(model, test.level).length === 0));
  const winner = smallest(winners);
  if (!winner) return undefined;
  const { label, gains, mean, model } = winner;
  const onMean = has(winner, 'better')
    ? ''
    : `better than ${baseline} on the mean over tasks (Δm ${mean && effect(mean)}); `;
  const gainsInWords = findings(gains, test.level, mostNamed);
  const answer = [
    `Use ${quoted(label)}${ofSeveral(winner, winners)}: ${onMean}${gainsInWords}.`,
    ...(model.type === external ? [leavesNoModel] : []),
    ...beside,
  ];
  return { use: label, answer };
}

/** A gain is shown, and what it may cost is too much. */
function keepBeforeRisk({ judged, baseline, comparison: { test }, beside }: Facts): Answer | undefined {
  const risky = smallest(alike(judged));
  return risky && { use: baseline, answer: [...tooRisky(risky, baseline, test.level), ...beside] };
}

function keepBeforeTrade({ judged, baseline, comparison, beside }: Facts): Answer | undefined {
  const trades = ranked(judged.filter((model) => has(model, 'better')));
  const [trade] = trades;
  if (!trade) return undefined;
  const why = trades.every((model) => has(model, 'worse'))
    ? 'each model that gains on one task loses on another'
    : 'each model that gains on one task loses on another, or on the mean over tasks (Δm)';
  const answer = [
    `Keep ${quoted(baseline)}: ${why}.`,
    `${quoted(trade.label)}: ${findings(trade.gains, comparison.test.level, mostNamed)}.`,
    ...otherWeights(trade, comparison),
    ...beside,
  ];
  return { use: baseline, answer };
}

/** Where nothing is better, the smallest model that is shown to be not worse by more than the margin on any task. */
function useSmallerModel(facts: Facts): Answer | undefined {
  const { judged, base, baseline, comparison, beside } = facts;
  const { level } = comparison.test;
  const safe = smallest(judged.filter((one) => isNotWorse(one, level) && size(one.model) < size(base)));
  if (!safe) return undefined;
  const sizes = `${count(size(safe.model))} parameters; ${baseline} has ${count(size(base))}`;
  const why = `which is not worse by more than the margin on any task`;
  return {
    use: safe.label,
    answer: [`${nothingBetter(facts)}: use ${quoted(safe.label)} (${sizes}), ${why}.`, ...beside],
  };
}

function keepWithoutDifference(facts: Facts): Answer {
  const { judged, baseline, comparison, beside } = facts;
  const said = `${nothingBetter(facts)}: keep ${quoted(baseline)}.`;
  return { use: baseline, answer: [said, ...mayBring(judged, comparison.test.level), ...beside] };
}

function nothingBetter({ judged, baseline, comparison: { seeds } }: Facts): string {
  const isOpen = judged.every((model) => model.gains.every(({ verdict }) => verdict === 'undecided'));
  return isOpen
    ? `No difference from ${baseline} is shown with ${counted(seeds.length, 'seed')}`
    : `No model is shown to be better than ${baseline} on any task`;
}

const leavesNoModel =
  'Its command left predictions here, and no model of ple; gbm.py saves its own, which docs/boosting.md loads.';

/** A model is not used that may cost more than this many margins on a task. */
const mostRisked = 10;

/** Open gains that may be a large loss. */
function risks({ gains }: Pick<Candidate, 'gains'>, level: number): readonly ShownGain[] {
  return gains.filter(({ verdict, margin, simultaneous, pNotInferior }) => {
    if (verdict !== 'undecided' || margin === null || simultaneous === null) return false;
    return (pNotInferior ?? 1) >= level && -simultaneous[0] > mostRisked * margin;
  });
}

/** What to try where one task pays for another, unless loss weights are an axis. */
function otherWeights({ label, gains }: Candidate, { axes }: Comparison): readonly string[] {
  const loser = gains.find(({ verdict }) => verdict === 'worse');
  if (!loser || Object.keys(axes).some(isLossWeight)) return [];
  const axis = `loss.weights.${loser.task}.initial: { times: [0.25, 1, 4, 16], models: [${JSON.stringify(label)}] }`;
  return [`Next: try other loss weights, with 'compare.axes={ ${axis} }' behind the command.`];
}

function has({ gains }: Candidate, verdict: ShownGain['verdict']): boolean {
  return gains.some((gain) => gain.verdict === verdict);
}

/** The models of the first kind that has some. */
function alike(judged: readonly Candidate[]): readonly Candidate[] {
  const sound = judged.filter((model) => !has(model, 'worse') && (model.mean?.gain ?? 0) >= 0);
  const kinds = [
    sound.filter(({ model }) => model.verdict === 'better on all'),
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
  const where = better.map((row) => `${row.task} (${effectInWords(row)})`);
  const named = where.length > mostNamed ? `${where.length} of ${gains.length} tasks` : listed(where);
  const gained = better.length > 0 ? named : `the mean over tasks (Δm ${mean && effect(mean)})`;
  const open = risks({ gains }, level);
  const costs = open.map(
    ({ simultaneous, about }) => `${amount(-(simultaneous?.[0] ?? 0), about)} worse on ${about.name}`,
  );
  const more = Math.max(...open.map(({ moreDraws }) => moreDraws ?? 0));
  return [
    `Keep ${quoted(baseline)} for now: ${quoted(label)} is better on ${gained}, and may be up to ${listed(costs)}.`,
    ...(more > 0
      ? [
          `About ${counted(more, 'more seed')} would decide ${listed(open.map(({ about }) => about.name))}, if the gain stays.`,
        ]
      : []),
  ];
}

/** Sizes up to this much above the smallest are nearly equal. */
const nearly = 1.05;

function smallest(models: readonly Candidate[]): Candidate | undefined {
  const least = Math.min(...models.map(({ model }) => size(model)));
  return ranked(models.filter(({ model }) => size(model) <= nearly * least))[0];
}

/** The number of parameters. That of a model made elsewhere is not known. */
function size({ parameters }: ComparedModel): number {
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
  const late = models.filter((one) => one.model.verdict === plateau && (has(one, 'better') || has(one, 'worse')));
  if (late.length === 0) return [];
  return [`This leaves out ${labelsOf(late)}, not trained to a plateau on every task.`];
}

/** Models whose gains stay open: values of theirs, or of the baseline, were chosen at an end of their list. */
function atEdges(models: readonly Candidate[], base: ComparedModel): readonly string[] {
  const open = models.filter(({ gains }) => gains.some(({ atEdge }) => atEdge));
  if (open.length === 0) return [];
  const whose = [base, ...open.map(({ model }) => model)].filter(({ atEdge }) => atEdge);
  return [`Open are gains of ${labelsOf(open)}: values of ${labelsOf(whose)} were chosen at an end of their list.`];
}

function labelsOf(models: readonly Pick<Candidate, 'label'>[]): string {
  return listed(models.map(({ label }) => quoted(label)));
}

/** A model made elsewhere, such as gradient boosting, is no choice of network: it is told where its mean gain leads. */
function ahead(judged: readonly Candidate[], baseline: string): readonly string[] {
  const [first] = ranked(judged);
  const isAhead = first?.model.type === external && first.mean?.verdict === 'better';
  if (!isAhead || !first.mean || smallest(alike(judged)) === first) return [];
  return [`${quoted(first.label)} has the largest mean gain over ${baseline} (Δm ${effect(first.mean)}).`];
}

/** What the baseline gives up at most: the upper ends of the simultaneous intervals of open gains. */
function mayBring(judged: readonly Candidate[], level: number): readonly string[] {
  const open = judged.flatMap(({ gains }) => gains.filter(({ verdict, atEdge }) => verdict === 'undecided' && !atEdge));
  const bounds = groupedBy(open, ({ task }) => task).flatMap((ofTask) => {
    const [{ about }] = ofTask;
    const most = Math.max(0, ...ofTask.flatMap(({ simultaneous }) => simultaneous?.[1] ?? []));
    const whole = about.percent === null ? most : 100 / about.percent; // no error falls below 0
    return most === 0 ? [] : [`${amount(Math.min(most, whole), about)} on ${about.name}`];
  });
  if (bounds.length === 0 || bounds.length > mostNamed) return [];
  return [`The undecided gains are at most ${listed(bounds)}, by the ${confidence(level)} intervals.`];
}

/** The models that were not trained to a plateau, the baseline among them, and the tasks on which they were not. */
function unfinished({ models, tasks, gains }: Point, candidates: readonly Candidate[], baseline: string): string {
  const names = new Set([baseline, ...candidates.map(({ label }) => label)]);
  const late = models.flatMap((model) => {
    const runs = model.runs.filter(({ status }) => status === 'done').length;
    const ofModel = gains.filter((gain) => gain.family === 'models' && gain.model === model.label && !gain.mean);
    const lateTasks = ofModel.filter(({ atLimit }) => areStillImproving(atLimit, runs)).map(({ about }) => about.name);
    return names.has(model.label) && !model.picked && lateTasks.length > 0 ? [{ model, runs, lateTasks }] : [];
  });
  const named = late.map(({ model, lateTasks }) => {
    const on = lateTasks.length < tasks.length ? ` (${lateTasks.join(', ')})` : '';
    return quoted(model.label) + on;
  });
  const ended = late.reduce((sum, { model }) => sum + model.atLimit, 0);
  const trained = late.reduce((sum, { runs }) => sum + runs, 0);
  return `${listed(named)}: not trained to a plateau. ${count(ended)} of their ${count(trained)} runs ended at their limit of epochs, still improving: raise train.epochs.`;
}

/**
 * What the tests say of a model's gains, verdict by verdict: `better than single-task on a (+1.2 %); undecided on b …`.
 * @param mostNamed More tasks of one verdict are counted.
 */
export function findings(gains: readonly ShownGain[], level: number, mostNamed = Number.POSITIVE_INFINITY): string {
  const reference = quoted(gains[0]?.reference ?? '');
  const parts: string[] = [];
  const say = (verdict: TaskVerdict, before: string, sizeOf?: (row: ShownGain) => string) => {
    const rows = gains.filter((row) => row.gain !== null && row.verdict === verdict);
    const named = () => rows.map((row) => (sizeOf ? `${row.task} (${sizeOf(row)})` : row.about.name));
    if (rows.length > mostNamed) parts.push(`${before} ${rows.length} of ${gains.length} tasks`);
    else if (rows.length > 0) parts.push(`${before} ${listed(named())}`);
  };
  say('better', `better than ${reference} on`, effectInWords);
  say('worse', `worse than ${reference} on`, effectInWords);
  say('equivalent', `equivalent to ${reference} on`, ({ margin, about }) => `within ± ${amount(margin ?? 0, about)}`);
  say('undecided', `undecided against ${reference} on`, (row) =>
    joined(', ', effectInWords(row), mostLoss(row, level)),
  );
  say('not trained to a plateau', 'no verdict, for want of training, on');
  const missing = gains.filter(({ gain }) => gain === null).map(({ about }) => about.name);
  if (missing.length > 0) parts.push(`no result on ${listed(missing)}`);
  return parts.join('; ');
}

/** `+0.0012 AUC`, or of an error `27.1 % less MSE`. */
function effectInWords(row: ShownGain): string {
  const { about, relativeGain, percentDigits } = row;
  if (about.percent === null) return `${effect(row)} ${about.unit}`;
  if (relativeGain === null) return effect(row);
  const size = percent(Math.abs(relativeGain), percentDigits).replace('+', '');
  return `${size} ${relativeGain < 0 ? 'more' : 'less'} ${about.unit}`;
}

/** The margin where a test shows that the loss is below it, else the end of the simultaneous interval. */
function mostLoss({ margin, pNotInferior, simultaneous, about, atEdge }: ShownGain, level: number): string {
  if (atEdge) return 'at an end of a list';
  if (margin !== null && pNotInferior !== null && pNotInferior < level) return `at most ${amount(margin, about)} worse`;
  return simultaneous === null ? '' : `at most ${amount(Math.max(0, -simultaneous[0]), about)} worse`;
}

/** A size without its sign, in the unit in which the table has gains. */
function amount(size: number, { unit, percent }: ShownTask): string {
  return percent === null ? `${rounded(size)} ${unit}` : `${rounded(size * percent)} %`;
}

/** Puts a label in quotation marks if it could be confused with the sentence's words. */
function quoted(label: string): string {
  return /[,;.:]\s|\s(and|or|is|on|over)\s/.test(label) ? `“${label}”` : label;
}
