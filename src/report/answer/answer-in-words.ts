import type { Comparison, TaskVerdict } from '../../comparison/comparison.js';
import { familyError } from '../../comparison/plan/looks.js';
import { fewestRuns } from '../../comparison/statistics/verdict.js';
import { joined } from '../../support/joined.js';
import { changeOfError, type GainCell, type GainRow } from '../gain-table.js';
import { confidence, count, fixed, listed, rounded } from '../numbers.js';
import { type Point, weightedTask } from '../points.js';
import { metricName } from '../task-gains.js';
import { isBelowMargin, nextInWords, quoted } from './advice.js';
import type { Answer } from './answer.js';

/**
 * An answer in texts, the first with what to do, for a reader who knows the tasks and no statistics. Why there is no
 * verdict at all is said elsewhere.
 */
export function answerInWords(answer: Answer, comparison: Comparison, point: Point): readonly string[] {
  return textsOf(answer, comparison, point).filter((text) => text !== '');
}

function textsOf(answer: Answer, comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds } = comparison;
  const { models } = point;
  const rowOf = (label: string) => models.rows.find(({ model }) => model.label === label);
  const costOf = (label: string) => costs(rowOf(label), comparison);
  switch (answer.kind) {
    case 'no result':
      return [`No model has a gain over ${baseline}.`];
    case 'no verdict':
      return [];
    case 'untested':
      return [
        ...untested(comparison),
        `Meanwhile use ${quoted(answer.use)}: how much another model gains or costs is not known.`,
      ];
    case 'undecided':
      return [
        `Nothing is decided: with ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`} no difference from ${baseline} is shown.`,
        remedy(comparison, point),
        `Meanwhile use ${nameOf(answer.use, point)}.`,
        answer.use === baseline ? forgone(comparison, point) : costOf(answer.use),
      ];
    case 'better':
      return [
        better(rowOf(answer.use), point),
        costOf(answer.use),
        alone(answer.use, point),
        evidence(comparison, point),
      ];
    case 'repaired': {
      const at = point.front?.rows.find(({ model, weight }) => model.label === answer.use && weight === answer.weight);
      const own = rowOf(answer.use);
      const weight = `loss weight ${rounded(answer.weight)} of ${weightedTask(answer.front)}`;
      return [
        `Use ${quoted(answer.use)} with the ${weight}: there it is better than ${baseline} on ${effects(at, 'better')}.`,
        costs(at, comparison),
        `At its own weight it is worse on ${effects(own, 'worse')}.`,
        evidence(comparison, point),
      ];
    }
    case 'none better': {
      const trade = answer.trade === null ? undefined : rowOf(answer.trade);
      const reason = trade ? 'on one task without being worse on another' : `than ${baseline} on any task`;
      return [
        noneBetter(point)
          ? `Use ${nameOf(answer.use, point)}: no model is shown to be better ${reason}.`
          : `Use ${nameOf(answer.use, point)}: the models that are better on a task are shown not to be best on the mean over tasks (Δm).`,
        trade ? `${quoted(trade.model.label)}, for one, is ${twoSides(trade)}.` : '',
        alone(answer.use, point),
        answer.use === baseline ? forgone(comparison, point) : costOf(answer.use),
        evidence(comparison, point),
      ];
    }
    case 'trade': {
      const row = rowOf(answer.use);
      return [
        `Use ${quoted(answer.use)} if ${listed(namesOf(row, 'worse'))} may get worse, else ${quoted(answer.otherwise)}.`,
        `${quoted(answer.use)} is ${twoSides(row)}.`,
        alone(answer.use, point) || 'On the mean over tasks (Δm) it may be best.',
        costOf(answer.use),
        evidence(comparison, point),
      ];
    }
  }
}

function alone(use: string, { best }: Point): string {
  const isAlone = best?.candidates.length === 1 && best.candidates[0] === use;
  return isAlone ? 'Every other model is shown to be worse than it on the mean over tasks (Δm).' : '';
}

/** Whether no model is better on one task without being worse on another. */
function noneBetter({ models }: Point): boolean {
  return models.rows.every((row) => namesOf(row, 'better').length === 0 || namesOf(row, 'worse').length > 0);
}

function better(row: GainRow | undefined, point: Point): string {
  const label = quoted(row?.model.label ?? '');
  const on = namesOf(row, 'better');
  if (on.length === 0)
    return `Use ${label}: on the mean over tasks (Δm) it is better than ${row?.reference} (${row?.mean?.effectInWords}); no single task is decided.`;
  const all = on.length === point.tasks.length;
  const where = all && on.length > 1 ? `${everyTask(point)}, ${effects(row, 'better')}` : effects(row, 'better');
  return `Use ${label}: it is better than ${row?.reference} on ${where}${all ? '' : '; no task is shown to be worse'}.`;
}

/** `better on y2 (27.1 % less MSE) and worse on y1 (94.3 % more MSE)` */
function twoSides(row: GainRow | undefined): string {
  const worse = `worse on ${effects(row, 'worse')}`;
  return namesOf(row, 'better').length === 0 ? worse : `better on ${effects(row, 'better')}, but ${worse}`;
}

/** More tasks of one verdict are counted. */
const mostNamed = 4;

/** `income (+0.0012 AUC)`, task by task. */
function effects(row: GainRow | undefined, verdict: TaskVerdict): string {
  const own = having(row, verdict);
  if (own.length > mostNamed) return `${own.length} of ${row?.cells.length} tasks`;
  return listed(own.map(({ text, task }) => `${task.name} (${text?.effectInWords})`));
}

/**
 * What a model may cost on the tasks on which it is neither better nor worse: the lower end of the simultaneous
 * interval, or the margin where a test shows that it costs less.
 */
function costs(row: GainRow | undefined, { test }: Comparison): string {
  if (!row?.reference) return '';
  const [equal, open] = [having(row, 'equivalent'), having(row, 'undecided')];
  const names = (cells: readonly GainCell[]) =>
    cells.length > mostNamed ? `${cells.length} tasks` : listed(cells.map(({ task }) => task.name));
  const bounds = open.flatMap((cell) => atMost(cell, test.level, 0) ?? []);
  const isKnown = bounds.length === open.length && open.length <= mostNamed;
  return joined(
    ' ',
    equal.length === 0 ? '' : `It is equivalent on ${names(equal)} (${[...new Set(equal.map(within))].join(', ')}).`,
    open.length === 0 ? '' : `On ${names(open)} it is undecided`,
    open.length > 0 && isKnown ? `and costs at most ${listed(bounds)} (${intervals(test.level, open.length)})` : '',
  ).replace(/[^.]$/, '$&.');
}

/** What the baseline gives up at most: the upper ends of the intervals of the other models. */
function forgone({ test }: Comparison, { models, tasks }: Point): string {
  const parts = tasks.flatMap((_, task) => {
    const open = models.rows.flatMap(({ cells }) => cells[task] ?? []).filter(isOpen);
    const ends = open.flatMap((cell) => {
      const text = atMost(cell, test.level, 1);
      return text === undefined ? [] : [{ text, end: cell.gain.simultaneous?.[1] ?? 0, name: cell.task.name }];
    });
    const [most] = ends.toSorted((a, b) => b.end - a.end);
    return most && most.end > 0 ? [`${most.text} on ${most.name}`] : [];
  });
  if (parts.length === 0 || parts.length > mostNamed) return '';
  return `What is undecided may bring at most ${listed(parts)} (${intervals(test.level, parts.length)}).`;
}

function intervals(level: number, count: number): string {
  return `${confidence(level)} interval${count > 1 ? 's' : ''}`;
}

function isOpen({ gain }: GainCell): boolean {
  return gain.verdict === 'undecided';
}

/** The size of an end of the simultaneous interval: 0 the lower one, as a cost; 1 the upper one. Undefined without one. */
function atMost(cell: GainCell, level: number, end: 0 | 1): string | undefined {
  const { gain, task } = cell;
  if (gain.simultaneous === null) return undefined;
  const sign = end === 0 ? -1 : 1;
  const shown = end === 0 && isNotInferior(cell, level) ? gain.margin : null;
  const size = shown ?? Math.max(0, sign * gain.simultaneous[end]);
  if (size === 0) return 'nothing';
  return task.percent === null
    ? `${fixed(size, task.digits)} ${metricName(task.metric)}`
    : changeOfError(sign * size * task.percent, task);
}

/** Nobody trains more seeds for one answer. */
const mostSeeds = 20;

/**
 * What to do first about undecided gains. If few seeds would decide all, or all effects are below the margin, that.
 * Else what makes most of the error on the task whose spread is largest for its margin: the seeds, or the test rows.
 */
function remedy(comparison: Comparison, point: Point): string {
  const { models, tasks } = point;
  const open = models.rows.flatMap(({ cells }) => cells).filter(isOpen);
  const isEasy = open.every(({ gain }) => isBelowMargin(gain) || (gain.seedsToDecide ?? mostSeeds + 1) <= mostSeeds);
  if (isEasy) return nextInWords(comparison, point);
  const base = models.rows.find(({ reference }) => reference === null);
  const spreads = tasks.flatMap((task, index) => {
    const cells = open.filter((cell) => cell.task === task);
    const sd = base?.cells[index]?.own.sd ?? 0;
    const margin = cells[0]?.gain.margin ?? 0;
    const bySeeds = cells.filter(({ gain: { se, gains }, own }) => {
      return se !== null && (sd ** 2 + (own.sd ?? 0) ** 2) / gains.length > se ** 2 / 2;
    });
    return margin === 0 || !cells[0]
      ? []
      : [{ cell: cells[0], sd, margin, isBySeeds: 2 * bySeeds.length >= cells.length }];
  });
  const [most] = spreads.toSorted((a, b) => b.sd / b.margin - a.sd / a.margin);
  if (!most) return nextInWords(comparison, point);
  const { cell, sd, isBySeeds } = most;
  const { metric, name } = cell.task;
  const wider = `or set a wider margin (compare.margin; it is ${marginOf(cell)} on ${name}) if smaller gains do not matter`;
  return isBySeeds
    ? `The seeds of ${base?.model.label} vary by ${rounded(sd)} ${metricName(metric)} on ${name} (standard deviation): train longer, lower the learning rate, add seeds, ${wider}.`
    : `Most of the uncertainty is that of the test rows: use more of them, ${wider}.`;
}

function untested({ seeds, uncertainty }: Comparison): readonly string[] {
  if (uncertainty === 'rows' || seeds.length >= fewestRuns) return ['No gain can be tested (see the notes).'];
  const runs = seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`;
  return [
    `Nothing is decided: each model has ${runs}, and a verdict needs ${fewestRuns}.`,
    'Set compare.seeds to 5; finished runs are not trained again.',
  ];
}

const coverage = {
  seeds: ', for these test rows',
  rows: ', for these trained models',
  both: '',
};

/** How sure a reader can be of the differences. */
function evidence({ seeds, looks, test, uncertainty }: Comparison, { rows }: Point): string {
  const drawn = rows.some(({ design }) => design === 'draws' || design === 'splits');
  const chance = rounded(100 * (looks.length === 0 ? test.level : familyError(looks)));
  const runs = seeds.length === 1 ? 'one run' : `${seeds.length} seeds`;
  return `Evidence: ${runs} of each model; the chance that any difference shown is false is at most ${chance} %${drawn ? '' : coverage[uncertainty]}.`;
}

/** A model's name, and its size where it is not the baseline. */
function nameOf(label: string, { models }: Point): string {
  const row = models.rows.find(({ model }) => model.label === label);
  const base = models.rows.find(({ reference }) => reference === null);
  const [own, other] = [row, base].map((one) =>
    one?.model.parameters ? one.model.parameters.network + one.model.parameters.embedding : null,
  );
  if (!row?.reference || own == null || other == null || own >= other) return quoted(label);
  return `${quoted(label)} (${count(own)} parameters; ${base?.model.label} has ${count(other)})`;
}

function having(row: GainRow | undefined, verdict: TaskVerdict): readonly GainCell[] {
  return row?.cells.filter(({ gain }) => gain.verdict === verdict) ?? [];
}

function namesOf(row: GainRow | undefined, verdict: TaskVerdict): readonly string[] {
  return having(row, verdict).map(({ task }) => task.name);
}

/** Whether the test shows that the gain is above -margin. */
export function isNotInferior({ gain: { pNotInferior } }: GainCell, level: number): boolean {
  return pNotInferior !== null && pNotInferior < level;
}

export function within(cell: GainCell): string {
  return `within ± ${marginOf(cell)}`;
}

/** In the unit in which the table has gains. */
export function marginOf({ gain: { margin }, task: { metric, percent } }: GainCell): string {
  if (margin === null) return 'the margin';
  return percent === null
    ? `${rounded(margin)} ${metricName(metric)}`
    : `${rounded(margin * percent)} % of the ${metricName(metric)}`;
}

export function everyTask({ tasks }: Point): string {
  const [only, ...others] = tasks;
  if (only && others.length === 0) return only.name;
  return others.length === 1 ? 'both tasks' : `all ${tasks.length} tasks`;
}
