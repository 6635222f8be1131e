import type { Comparison, ComparisonRow, TaskVerdict, Verdict } from '../comparison/comparison.js';
import { isUnfinished } from '../comparison/statistics/verdict.js';
import { joined } from '../support/joined.js';
import { nextInWords, quoted, useInWords } from './advice.js';
import { frontsAt, repairInWords } from './fronts.js';
import { type GainCell, type GainRow, gainTables, type PointTables } from './gain-table.js';
import { count, listed, rounded } from './numbers.js';
import { metricName } from './points.js';
import { limitedInWords } from './training.js';

/** The results at one point of the axes in words. Plain text. */
export interface PointVerdict {
  readonly title: string;
  /** One or two sentences: who wins, including the single-task model. */
  readonly headline: string;
  /** A sentence per model except the baseline. */
  readonly models: readonly Finding[];
  /** A sentence per contrast. */
  readonly contrasts: readonly Finding[];
  /** Which model to use. Empty without a set of models that may be the best. */
  readonly use: string;
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
  const { baseline, test } = comparison;
  return gainTables(comparison).map((tables) => {
    const { point, models, contrasts } = tables;
    const fronts = frontsAt(comparison, point);
    const rows = models.rows.filter(({ reference }) => reference !== null);
    const context: Context = { tables, level: test.level };
    return {
      title: point.title,
      headline: limitedInWords(comparison, point) || headline(baseline, rows, context),
      models: rows.map((row) => {
        const repair = repairInWords(fronts.find(({ model }) => model === row.model.label));
        return { row, sentence: sentence(row, quoted(row.model.label), context, repair) };
      }),
      contrasts: (contrasts?.rows ?? []).map((row) => {
        const subject = `${quoted(row.model.label)} against ${quoted(row.reference ?? '')}`;
        return { row, sentence: sentence(row, subject, context) };
      }),
      use: useInWords(comparison, point),
      next: nextInWords(comparison, tables),
      unfinished: unfinished(having(plateau, rows), context),
    };
  });
}

interface Context {
  readonly tables: PointTables;
  readonly level: number;
}

const plateau = 'not trained to a plateau';

function headline(baseline: string, rows: readonly GainRow[], context: Context): string {
  const judged = rows.filter(hasResult);
  if (judged.length === 0) return `No model has a gain over ${baseline}.`;
  const of = (verdict: Verdict) => having(verdict, judged);
  if (of(plateau).length === judged.length)
    return isLate(modelOf(baseline, context))
      ? `${baseline} is ${plateau}: no gain over it has a verdict.`
      : `No model but ${baseline} is trained to a plateau: longer training may change every gain.`;
  const [all, some, seesaw, worse] = [of('better on all'), of('better on some'), of('seesaw'), of('worse')];
  const repaired = of('repaired');
  const pays = ({ cells }: GainRow) =>
    ['better', 'worse'].every((one) => cells.some(({ gain }) => gain.verdict === one));
  const sentences = [winners(baseline, all, some, judged.filter(pays), everyTask(context))];
  if (seesaw.length > 0) sentences.push(`${namesOf(seesaw)} ${seesaw.length === 1 ? 'shows' : 'show'} a seesaw.`);
  if (repaired.length > 0)
    sentences.push(
      `${namesOf(repaired)} ${repaired.length === 1 ? 'shows' : 'show'} none: another loss weight repairs it.`,
    );
  if (worse.length > 0) sentences.push(`${namesOf(worse)} ${be(worse.length)} worse.`);
  return sentences.join(' ');
}

function winners(
  baseline: string,
  all: readonly GainRow[],
  some: readonly GainRow[],
  paying: readonly GainRow[],
  everywhere: string,
): string {
  const areBetter = (rows: readonly GainRow[]) => `${namesOf(rows)} ${be(rows.length)} better than ${baseline} on`;
  if (all.length > 0) return `${areBetter(all)} ${everywhere}.`;
  const [only, ...others] = some;
  if (only) {
    const better = only.cells.filter(({ gain }) => gain.verdict === 'better').map(({ task }) => task.name);
    const where = others.length === 0 ? listed(better) : 'some tasks';
    return `${areBetter(some)} ${where}; no model is shown to be better on ${everywhere}.`;
  }
  const where = paying.length > 0 ? 'without being worse on another task' : 'on any task';
  return `No model is shown to be better than ${baseline} ${where}.`;
}

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
      return `${label} is better than ${reference} on ${everyTask(context)}: ${each(effectOf)}.`;
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

function modelOf(label: string | null | undefined, { tables }: Context): ComparisonRow | undefined {
  return tables.point.rows.find((row) => row.label === label);
}

function effectOf({ text }: GainCell): string {
  return text?.effectInWords ?? '';
}

function within(cell: GainCell): string {
  return `within ± ${marginOf(cell)}`;
}

/** Whether the test shows that the gain is above -margin. */
function notInferior(cell: GainCell, { level }: Context): string {
  const { pNotInferior } = cell.gain;
  return pNotInferior !== null && pNotInferior < level ? `not worse by more than ${marginOf(cell)}` : '';
}

function marginOf({ gain: { margin }, task: { metric } }: GainCell): string {
  return margin === null ? 'the margin' : `${rounded(margin)} ${metricName(metric)}`;
}

function having(verdict: Verdict, rows: readonly GainRow[]): readonly GainRow[] {
  return rows.filter((row) => row.verdict === verdict);
}

function hasResult({ verdictText }: GainRow): boolean {
  return verdictText !== 'no result';
}

function namesOf(rows: readonly GainRow[]): string {
  return listed(rows.map(({ model }) => quoted(model.label)));
}

function everyTask({ tables: { point } }: Context): string {
  const [only, ...others] = point.tasks;
  if (only && others.length === 0) return only.name;
  return others.length === 1 ? 'both tasks' : `all ${point.tasks.length} tasks`;
}

function be(count: number): string {
  return count === 1 ? 'is' : 'are';
}
