import type { Comparison, ComparisonRow, TaskVerdict, Verdict } from '../../comparison/comparison.js';
import { isUnfinished } from '../../comparison/statistics/verdict.js';
import { joined } from '../../support/joined.js';
import { repairInWords } from '../fronts-in-words.js';
import type { GainCell, GainRow } from '../gain-table.js';
import { count, listed } from '../numbers.js';
import { type Point, pointsOf } from '../points.js';
import { limitedInWords } from '../training-in-words.js';
import { mayBeBestInWords, nextInWords, quoted } from './advice.js';
import { chooseAnswer } from './answer.js';
import { answerInWords, everyTask, isNotInferior, marginOf, within } from './answer-in-words.js';

/** The results at one point of the axes in words. Plain text. */
export interface PointVerdict {
  readonly title: string;
  /** Which model to use, on what evidence, and what it costs; or what to do first. */
  readonly answer: readonly string[];
  /** A sentence per model except the baseline. */
  readonly models: readonly Finding[];
  /** A sentence per contrast. */
  readonly contrasts: readonly Finding[];
  /** The models that may be best. Empty if only one may, or none is known. */
  readonly best: string;
  /** One sentence on what would decide the undecided gains, contrasts among them. Empty if there are none. */
  readonly next: string;
  /** One sentence on all models that were not trained to a plateau. Empty if there are none. */
  readonly unfinished: string;
}

interface Finding {
  readonly row: GainRow;
  readonly sentence: string;
}

export function verdictsInWords(comparison: Comparison): readonly PointVerdict[] {
  const { test } = comparison;
  return pointsOf(comparison).map((point) => {
    const { models, contrasts, fronts } = point;
    const rows = models.rows.filter(({ reference }) => reference !== null);
    const context: Context = { point, level: test.level };
    const late = unfinished(having(plateau, rows), context);
    const answer = chooseAnswer(comparison, point);
    const isLate = answer.kind === 'no verdict';
    const texts = isLate ? [limitedInWords(comparison, point) || late] : answerInWords(answer, comparison, point);
    const next = nextInWords(comparison, point);
    return {
      title: point.title,
      answer: texts,
      models: rows.map((row) => {
        const repair = repairInWords(fronts.find(({ model }) => model === row.model.label));
        return { row, sentence: sentence(row, quoted(row.model.label), context, repair) };
      }),
      contrasts: (contrasts?.rows ?? []).map((row) => {
        const subject = `${quoted(row.model.label)} against ${quoted(row.reference ?? '')}`;
        return { row, sentence: sentence(row, subject, context) };
      }),
      best: mayBeBestInWords(point, 'use' in answer ? answer.use : ''),
      next: answer.kind === 'untested' || texts.includes(next) ? '' : next,
      unfinished: isLate ? '' : late,
    };
  });
}

interface Context {
  readonly point: Point;
  readonly level: number;
}

const plateau = 'not trained to a plateau';

/**
 * @param subject The model, and its reference unless that is the baseline.
 * @param repair Of a model that is better on one task and worse on another: whether another loss weight repairs it.
 */
function sentence(row: GainRow, subject: string, context: Context, repair = ''): string {
  const { cells, verdict } = row;
  const label = quoted(row.model.label);
  const reference = row.reference ?? '';
  if (!hasResult(row)) return `${label} has no gain: no run of it is finished with one of ${reference}.`;
  const each = (size: (cell: GainCell) => string) => listed(cells.map((cell) => `${size(cell)} on ${cell.task.name}`));
  switch (verdict) {
    case 'baseline':
      return `Gains are over ${label}.`;
    case 'better on all':
      return `${label} is better than ${reference} on ${everyTask(context.point)}: ${each(effectOf)}.`;
    case 'better on some':
    case 'worse':
      return `${label} is ${clauses(row, `worse than ${reference}`, context)}.`;
    case 'seesaw':
      return `${label} shows a seesaw: ${clauses(row, 'worse', context)}${repair}.`;
    case 'repaired':
      return `${label} is ${clauses(row, 'worse', context)}${repair}.`;
    case 'equivalent':
      return `${label} is equivalent to ${reference}: ${each(within)}.`;
    case 'undecided': {
      if (repair !== '') return `${label} is ${clauses(row, 'worse', context)}${repair}.`;
      const undecided = cells
        .filter(({ gain }) => gain.verdict === 'undecided')
        .map((cell) => {
          const bound = notInferior(cell, context);
          return `${effectOf(cell)} on ${cell.task.name}${bound === '' ? '' : ` (${bound})`}`;
        });
      const none = cells.filter(({ gain }) => gain.gain === null).map(({ task }) => task.name);
      const without = none.length === 0 ? '' : `no result on ${listed(none)}`;
      const parts = joined('; ', undecided.join(', '), clause(row, 'equivalent', 'equivalent', within), without);
      return `${subject} is undecided: ${parts}.`;
    }
    case 'limited by steps':
      return `${subject} has no verdict: the models are limited by steps.`;
    case plateau: {
      const late = unfinished([row], context);
      return isLate(row.model) ? late : `${subject} has no verdict: ${late}`;
    }
  }
}

/** `better than single-task on a (+1.2 %), equivalent on b (within ± 0.001 AUC)` */
function clauses(row: GainRow, worse: string, context: Context): string {
  return joined(
    ', ',
    clause(row, 'better', `better than ${row.reference}`, effectOf),
    clause(row, 'worse', worse, effectOf),
    clause(row, 'equivalent', 'equivalent', within),
    clause(row, 'undecided', 'undecided', (cell) => joined(', ', effectOf(cell), notInferior(cell, context))),
  );
}

/** Empty if no task has the verdict. */
function clause({ cells }: GainRow, verdict: TaskVerdict, words: string, size: (cell: GainCell) => string): string {
  const own = cells.filter(({ gain }) => gain.verdict === verdict);
  return own.length === 0 ? '' : `${words} on ${listed(own.map((cell) => `${cell.task.name} (${size(cell)})`))}`;
}

/** The models that were not trained to a plateau, including the reference. Empty if there are none. */
function unfinished(rows: readonly GainRow[], context: Context): string {
  const [over] = [modelOf(rows[0]?.reference, context)].filter(isLate);
  const late = [...(over ? [over] : []), ...rows.map(({ model }) => model).filter(isLate)];
  if (late.length === 0) return '';
  const sum = (of: (model: ComparisonRow) => number) => count(late.reduce((total, model) => total + of(model), 0));
  const names = listed(late.map(({ label }) => quoted(label)));
  const consequence = over ? ` Gains over ${late.length === 1 ? 'it' : quoted(over.label)} have no verdict.` : '';
  return `${names} ${be(late.length)} ${plateau}: ${sum(({ atLimit }) => atLimit)} of ${sum(runsOf)} runs ended at their limit of epochs, still improving.${consequence} Raise train.epochs.`;
}

function isLate(model: ComparisonRow | undefined): boolean {
  return model !== undefined && isUnfinished(model.atLimit, runsOf(model));
}

function runsOf({ runs }: ComparisonRow): number {
  return runs.filter(({ status }) => status === 'done').length;
}

function modelOf(label: string | null | undefined, { point }: Context): ComparisonRow | undefined {
  return point.rows.find((row) => row.label === label);
}

function effectOf({ text }: GainCell): string {
  return text?.effectInWords ?? '';
}

function notInferior(cell: GainCell, { level }: Context): string {
  return isNotInferior(cell, level) ? `not worse by more than ${marginOf(cell)}` : '';
}

function having(verdict: Verdict, rows: readonly GainRow[]): readonly GainRow[] {
  return rows.filter((row) => row.verdict === verdict);
}

function hasResult({ verdictText }: GainRow): boolean {
  return verdictText !== 'no result';
}

function be(count: number): string {
  return count === 1 ? 'is' : 'are';
}
