import type { Aggregate, Comparison, Contrast, TaskVerdict, TestedGain, Verdict } from '../comparison/comparison.js';
import { mostAtLimit } from '../comparison/statistics/verdict.js';
import { nextInWords, quoted, useInWords } from './advice.js';
import { contrastsAt, effectInWords, isNotInferior } from './effects.js';
import { frontsAt, repairInWords } from './fronts.js';
import { count, listed, rounded } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';

/** The results at one point of the axes in words. Plain text. */
export interface PointVerdict {
  readonly title: string;
  /** One or two sentences: who wins, including the single-task model. */
  readonly headline: string;
  /** Number of models by verdict. Empty if the headline says it. */
  readonly tally: string;
  /** A sentence per model except the baseline. */
  readonly models: readonly { readonly label: string; readonly verdict: Verdict; readonly sentence: string }[];
  /** A sentence per contrast. */
  readonly contrasts: readonly (Pick<Contrast, 'model' | 'reference' | 'verdict'> & { readonly sentence: string })[];
  /** Which model to use. Empty without a set of models that may be the best. */
  readonly use: string;
  /** One sentence on what would decide the undecided gains, contrasts among them. Empty if there are none. */
  readonly next: string;
  /** One sentence on all models that were not trained to a plateau. Empty if there are none. */
  readonly unfinished: string;
}

export function verdictsInWords(comparison: Comparison): readonly PointVerdict[] {
  const { baseline, test } = comparison;
  return pointsOf(comparison).map((point) => {
    const fronts = frontsAt(comparison, point);
    const models = point.rows.flatMap((row) =>
      row.label === baseline
        ? []
        : [comparedAt(point, row.label, baseline, row.verdict, row.aggregate, (task) => gainOf(row, task))],
    );
    return {
      title: point.title,
      headline: headline(baseline, everyTask(point.tasks), models),
      tally: tally(models),
      models: models.map((model) => ({
        label: model.label,
        verdict: model.verdict,
        sentence: sentence(
          { ...model, repair: repairInWords(fronts.find((front) => front.model === model.label)) },
          quoted(model.label),
          test.level,
        ),
      })),
      contrasts: contrastsAt(comparison, point).map(({ model, reference, verdict, aggregate, tasks }) => ({
        model,
        reference,
        verdict,
        sentence: sentence(
          comparedAt(point, model, reference, verdict, aggregate, ({ name }) => tasks[name]),
          `${quoted(model)} against ${quoted(reference)}`,
          test.level,
        ),
      })),
      use: useInWords(comparison, point),
      next: nextInWords(comparison, point),
      unfinished: unfinished(models.filter(({ verdict }) => verdict === plateau)),
    };
  });
}

const plateau = 'not trained to a plateau';

/** A model and its reference. */
interface Compared {
  readonly label: string;
  readonly reference: string;
  readonly verdict: Verdict;
  readonly everyTask: string;
  readonly outcomes: readonly Outcome[];
  /** Verdict on the mean relative gain. */
  readonly mean: TaskVerdict | null;
  /** Number of runs that reached the epoch limit, out of all finished ones. */
  readonly atLimit: AtLimit;
  readonly referenceAtLimit: AtLimit;
  /** Of a seesaw: whether another loss weight repairs it. */
  readonly repair?: string;
}

interface AtLimit {
  readonly ended: number;
  readonly runs: number;
}

interface Outcome {
  readonly task: PointTask;
  readonly gain: TestedGain;
  /** The gain's size. */
  readonly effect: string;
}

function comparedAt(
  point: Point,
  label: string,
  reference: string,
  verdict: Verdict,
  mean: Aggregate | null,
  gainOn: (task: PointTask) => TestedGain | undefined,
): Compared {
  const outcomes = point.tasks.flatMap((task) => {
    const gain = gainOn(task);
    return gain === undefined ? [] : [{ task, gain, effect: effectInWords(gain, task, point) }];
  });
  return {
    ...{ label, reference, verdict, everyTask: everyTask(point.tasks), outcomes, mean: mean?.verdict ?? null },
    ...{ atLimit: atLimitOf(point, label), referenceAtLimit: atLimitOf(point, reference) },
  };
}

function atLimitOf({ rows }: Point, label: string): AtLimit {
  const row = rows.find((candidate) => candidate.label === label);
  return { ended: row?.atLimit ?? 0, runs: row?.runs.filter(({ status }) => status === 'done').length ?? 0 };
}

function headline(baseline: string, everywhere: string, models: readonly Compared[]): string {
  const judged = models.filter(hasResult);
  const of = (verdict: Verdict) => judged.filter((model) => model.verdict === verdict);
  const names = (some: readonly Compared[]) => listed(some.map(({ label }) => quoted(label)));
  if (judged.length === 0) return `No model has a gain over ${baseline}.`;

  const [all, some, seesaw, worse] = [of('better on all'), of('better on some'), of('seesaw'), of('worse')];
  const losers = worse.length === 0 ? '' : ` ${names(worse)} ${are(worse)} worse.`;
  const seesaws = seesaw.length === 0 ? '' : ` ${names(seesaw)} ${seesaw.length === 1 ? 'shows' : 'show'} a seesaw.`;
  if (all.length > 0) return `${names(all)} ${are(all)} better than ${baseline} on ${everywhere}.${seesaws}${losers}`;
  const [only] = some;
  if (only) {
    const where = some.length === 1 ? listed(having('better', only).map(({ task }) => task.name)) : 'some tasks';
    return `${names(some)} ${are(some)} better than ${baseline} on ${where}; no model is shown to be better on ${everywhere}.${seesaws}${losers}`;
  }
  if (seesaw.length > 0)
    return `No model is shown to be better than ${baseline} without being worse on another task.${seesaws}${losers}`;
  if (worse.length > 0) return `No model is shown to be better than ${baseline} on any task.${losers}`;

  const equivalent = of('equivalent');
  if (equivalent.length === judged.length)
    return `${names(equivalent)} ${are(equivalent)} equivalent to ${baseline}: within ± the margin on ${everywhere}.`;
  if (of(plateau).length === judged.length)
    return judged.some(({ referenceAtLimit }) => isUnfinished(referenceAtLimit))
      ? `${baseline} is ${plateau}: no gain over it has a verdict.`
      : `No model but ${baseline} is trained to a plateau: longer training may change every gain.`;
  const overall = judged.filter(({ mean }) => mean === 'better');
  const means = overall.length === 0 ? '' : ` ${names(overall)} ${are(overall)} better on the mean relative gain.`;
  return `No model is shown to be better or worse than ${baseline} on any task.${means}`;
}

const tallied: readonly (readonly [Verdict, (models: number) => string])[] = [
  ['better on all', (models) => `${be(models)} better on all tasks`],
  ['better on some', (models) => `${be(models)} better on some tasks`],
  ['seesaw', (models) => `${models === 1 ? 'shows' : 'show'} a seesaw`],
  ['worse', (models) => `${be(models)} worse`],
  ['equivalent', (models) => `${be(models)} equivalent`],
  ['undecided', (models) => `${be(models)} undecided`],
  [plateau, (models) => `${be(models)} without a verdict`],
];

function tally(models: readonly Compared[]): string {
  const judged = models.filter(hasResult);
  const none = models.length - judged.length;
  const parts = tallied.flatMap(([verdict, words]) => {
    const number = judged.filter((model) => model.verdict === verdict).length;
    return number === 0 ? [] : [`${number} ${words(number)}`];
  });
  if (none > 0) parts.push(`${none} ${none === 1 ? 'has' : 'have'} no result`);
  return parts.length < 2 ? '' : `Of ${models.length} models compared, ${listed(parts)}.`;
}

/** @param subject The model, and its reference unless that is the baseline. */
function sentence(model: Compared, subject: string, level: number): string {
  const { reference, verdict, outcomes } = model;
  const label = quoted(model.label);
  if (!hasResult(model)) return `${label} has no gain: it has no finished run beside one of ${reference}.`;
  switch (verdict) {
    case 'baseline':
      return `Gains are over ${label}.`;
    case 'better on all': {
      const sizes = outcomes.map(({ effect, task }) => `${effect} on ${task.name}`);
      return `${label} is better than ${reference} on ${model.everyTask}: ${listed(sizes)}.`;
    }
    case 'better on some':
    case 'worse':
      return `${label} is ${findings(model, level)}.`;
    case 'seesaw':
      return `${label} shows a seesaw: ${findings(model, level)}${model.repair ?? ''}.`;
    case 'equivalent':
      return `${label} is equivalent to ${reference}: ${listed(outcomes.map((outcome) => `${within(outcome)} on ${outcome.task.name}`))}.`;
    case 'undecided': {
      const [undecided, equivalent] = [having('undecided', model), having('equivalent', model)];
      const none = outcomes.filter(({ gain }) => gain.gain === null);
      const sizes = undecided.map((outcome) => {
        const bound = notInferior(outcome, level);
        return `${outcome.effect} on ${outcome.task.name}${bound === '' ? '' : ` (${bound})`}`;
      });
      const parts = [
        ...(sizes.length === 0 ? [] : [sizes.join(', ')]),
        ...(equivalent.length === 0 ? [] : [`equivalent on ${onTasks(equivalent, within)}`]),
        ...(none.length === 0 ? [] : [`no result on ${listed(none.map(({ task }) => task.name))}`]),
      ];
      return `${subject} is undecided: ${parts.join('; ')}.`;
    }
    case plateau:
      return isUnfinished(model.atLimit) ? unfinished([model]) : `${subject} has no verdict: ${unfinished([model])}`;
  }
}

/** The models that were not trained to a plateau, including the reference. Empty if there are none. */
function unfinished(models: readonly Compared[]): string {
  const [over] = models.filter(({ referenceAtLimit }) => isUnfinished(referenceAtLimit));
  const late = [
    ...(over ? [{ label: over.reference, atLimit: over.referenceAtLimit }] : []),
    ...models.filter(({ atLimit }) => isUnfinished(atLimit)),
  ];
  if (late.length === 0) return '';
  const sum = (of: keyof AtLimit) => count(late.reduce((total, { atLimit }) => total + atLimit[of], 0));
  const names = listed(late.map(({ label }) => quoted(label)));
  const consequence = over ? ` Gains over ${late.length === 1 ? 'it' : quoted(over.reference)} have no verdict.` : '';
  return `${names} ${be(late.length)} ${plateau}: ${sum('ended')} of ${sum('runs')} runs ended at their limit of epochs, still improving.${consequence} Raise train.epochs.`;
}

function isUnfinished({ ended, runs }: AtLimit): boolean {
  return ended > mostAtLimit * runs;
}

/** `better than single-task on a (+1.2 %), equivalent on b (within ± 0.001 AUC)` */
function findings(model: Compared, level: number): string {
  const clause = (verdict: TaskVerdict, words: string, size: (outcome: Outcome) => string) => {
    const outcomes = having(verdict, model);
    return outcomes.length === 0 ? [] : [`${words} on ${onTasks(outcomes, size)}`];
  };
  return [
    ...clause('better', `better than ${model.reference}`, ({ effect }) => effect),
    ...clause('worse', model.verdict === 'seesaw' ? 'worse' : `worse than ${model.reference}`, ({ effect }) => effect),
    ...clause('equivalent', 'equivalent', within),
    ...clause('undecided', 'undecided', (outcome) =>
      [outcome.effect, notInferior(outcome, level)].filter((text) => text !== '').join(', '),
    ),
  ].join(', ');
}

function onTasks(outcomes: readonly Outcome[], size: (outcome: Outcome) => string): string {
  return listed(outcomes.map((outcome) => `${outcome.task.name} (${size(outcome)})`));
}

function within(outcome: Outcome): string {
  return `within ± ${marginOf(outcome)}`;
}

function notInferior(outcome: Outcome, level: number): string {
  return isNotInferior(outcome.gain, level) ? `not worse by more than ${marginOf(outcome)}` : '';
}

function marginOf({ gain: { margin }, task: { metric } }: Outcome): string {
  return margin === null ? 'the margin' : `${rounded(margin)} ${metricName(metric)}`;
}

function having(verdict: TaskVerdict, { outcomes }: Compared): readonly Outcome[] {
  return outcomes.filter(({ gain }) => gain.verdict === verdict);
}

function hasResult({ outcomes }: Compared): boolean {
  return outcomes.some(({ gain }) => gain.gain !== null);
}

function everyTask(tasks: readonly PointTask[]): string {
  if (tasks.length === 1) return tasks.map(({ name }) => name).join();
  return tasks.length === 2 ? 'both tasks' : `all ${tasks.length} tasks`;
}

function are(models: readonly Compared[]): string {
  return be(models.length);
}

function be(count: number): string {
  return count === 1 ? 'is' : 'are';
}
