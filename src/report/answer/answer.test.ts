import { expect, test } from 'vitest';
import type { Aggregate, Comparison, ComparisonRow, Front, TaskVerdict, Verdict } from '../../comparison/comparison.js';
import { rowVerdict } from '../../comparison/statistics/verdict.js';
import { must } from '../../support/must.js';
import { comparisonRow, everyVerdict, taskGain } from '../comparison.fixture.js';
import { comparisonPoints } from '../points.js';
import { chooseAnswer } from './answer.js';
import { answerInWords } from './answer-in-words.js';

const late = 'not trained to a plateau';
const gains: Readonly<Record<TaskVerdict, number>> = {
  ...{ better: 0.002, worse: -0.002, equivalent: 0, undecided: 0.0006, [late]: 0.001 },
};

interface Model {
  readonly income: TaskVerdict | null;
  readonly married: TaskVerdict | null;
  /** The mean over tasks: its verdict, and its size in percent. */
  readonly mean?: readonly [Aggregate['verdict'], number];
  readonly size?: number;
  readonly verdict?: Verdict;
}

function modelRow(
  label: string,
  { income, married, mean = ['undecided', 0], size = 1000, verdict }: Model,
): ComparisonRow {
  const task = (one: TaskVerdict | null) => taskGain(one === null ? 0.001 : gains[one], one);
  const aggregate = {
    ...{ gain: mean[1], gains: [], se: 0.1, interval: null, simultaneous: null, p: 0.1, pHolm: 0.1 },
  };
  return comparisonRow(label, {
    tasks: { income: task(income), 'never-married': task(married) },
    aggregate: { ...aggregate, verdict: mean[0] },
    parameters: { network: size, embedding: 0 },
    verdict: verdict ?? rowVerdict([income, married]),
  });
}

/** A comparison of single-task, of 1,000 parameters, with these models. */
function compared(models: Readonly<Record<string, Model>>, changes: Partial<Comparison> = {}) {
  const none = taskGain(null, null);
  const baseline = comparisonRow('single-task', {
    tasks: { income: none, 'never-married': none },
    parameters: { network: 1000, embedding: 0 },
    verdict: 'baseline',
  });
  const comparison: Comparison = {
    ...everyVerdict,
    rows: [baseline, ...Object.entries(models).map(([label, model]) => modelRow(label, model))],
    contrasts: [],
    ...changes,
  };
  const point = must(comparisonPoints(comparison)[0], 'point');
  const answer = chooseAnswer(comparison, point);
  const words = answerInWords(answer, comparison, point);
  return { answer, words: words.filter((text) => !text.startsWith('Evidence')).join(' '), all: words.join(' ') };
}

test('a clear winner: better on all before better on some, then the smallest, whatever its mean', () => {
  const models = {
    some: { income: 'better', married: 'undecided', mean: ['better', 9], size: 100 },
    large: { income: 'better', married: 'better', mean: ['better', 8], size: 900 },
    small: { income: 'better', married: 'better', mean: ['better', 5], size: 800 },
  } as const;
  const { answer, all } = compared(models);
  expect(answer).toEqual({ kind: 'better', use: 'small' });
  expect(all).toBe(
    'Use small: better than single-task on income (+0.00200 AUC) and never-married (+0.00200 AUC). ' +
      'Evidence: 5 seeds of each model, for these test rows; the chance that any difference shown is false is at most 5 %.',
  );
  expect(compared({ some: models.some }).words).toBe(
    'Use some: better than single-task on income (+0.00200 AUC); undecided against single-task on never-married ' +
      '(+0.00060 AUC, at most 0.0001 AUC worse), by the 95 % intervals.',
  );
});

test('of nearly equal sizes the larger mean counts', () => {
  const both = { income: 'better', married: 'better' } as const;
  const models = {
    a: { ...both, mean: ['better', 1], size: 1000 },
    b: { ...both, mean: ['better', 2], size: 1040 },
  } as const;
  expect(compared(models).answer).toEqual({ kind: 'better', use: 'b' });
});

test('better on the mean alone: no task is said to be better', () => {
  const { answer, words } = compared({ a: { income: 'undecided', married: 'undecided', mean: ['better', 1.2] } });
  expect(answer).toEqual({ kind: 'better', use: 'a' });
  expect(words).toContain(
    'Use a: better than single-task on the mean over tasks (Δm +1.2 %); undecided against single-task on income ',
  );
});

test('a seesaw: single-task is used, and the seesaw with the largest mean tells what it gains and costs', () => {
  const models = {
    a: { income: 'better', married: 'worse', mean: ['worse', -2] },
    b: { income: 'worse', married: 'better', mean: ['undecided', -1] },
  } as const;
  const { answer, words } = compared(models);
  expect(answer).toEqual({ kind: 'none better', use: 'single-task', trade: 'b' });
  expect(words).toBe(
    'Use single-task: no model is shown to be better on one task without being worse on another. ' +
      'b: better than single-task on never-married (+0.00200 AUC); worse than single-task on income (-0.00200 AUC).',
  );
});

test('a repaired seesaw is used at the weight with the largest mean', () => {
  const model = { income: 'better', married: 'worse', verdict: 'repaired' } as const;
  const row = modelRow('a', model);
  const at = (value: number, mean: number) => ({
    ...modelRow('a', { income: 'better', married: 'equivalent', mean: ['undecided', mean] }),
    value,
  });
  const front: Front = {
    ...{ axis: {}, model: 'a', key: 'loss.weights.income.initial', seesaw: 'repaired' },
    points: [{ ...row, value: 1 }, at(2, 3), at(4, 5), at(8, 9)],
    repairedBy: [2, 4],
  };
  const { answer, words } = compared({ a: model }, { fronts: [front] });
  expect(answer).toMatchObject({ kind: 'repaired', use: 'a', weight: 4 });
  expect(words).toBe(
    'Use a with the loss weight 4 of income: better than single-task on income (+0.00200 AUC); ' +
      'equivalent to single-task on never-married (within ± 0.001 AUC). ' +
      'At its own weight: better than single-task on income (+0.00200 AUC); worse than single-task on never-married (-0.00200 AUC).',
  );
  expect(compared({ a: { ...model, verdict: 'seesaw' } }).answer.kind).toBe('none better');
});

test('nothing decided: which model to use meanwhile, and the end of its interval', () => {
  const open = { income: 'undecided', married: 'undecided' } as const;
  const { answer, words } = compared({ a: { ...open, size: 500 }, b: open });
  expect(answer).toEqual({ kind: 'undecided', use: 'a' });
  expect(words).toBe(
    'Use a (500 parameters; single-task has 1,000) for now: no difference from single-task is shown with 5 seeds. ' +
      'a: undecided against single-task on income (+0.00060 AUC, at most 0.0001 AUC worse) ' +
      'and never-married (+0.00060 AUC, at most 0.0001 AUC worse), by the 95 % intervals.',
  );
  const alike = compared({ a: open });
  expect(alike.answer).toEqual({ kind: 'undecided', use: 'single-task' });
  expect(alike.words).toContain(
    'The undecided gains are at most 0.0013 AUC on income and 0.0013 AUC on never-married, by the 95 % intervals.',
  );
});

test('nothing decided: a smaller model whose mean gain is below 0 is not used', () => {
  const open = { income: 'undecided', married: 'undecided', size: 10 } as const;
  const models = {
    a: { ...open, mean: ['undecided', -4] },
    b: { ...open, size: 20, mean: ['undecided', 0.1] },
  } as const;
  expect(compared(models).answer).toEqual({ kind: 'undecided', use: 'b' });
  expect(compared({ a: models.a }).answer).toEqual({ kind: 'undecided', use: 'single-task' });
});

test('one seed, or two: no model is said to be better, and single-task is used', () => {
  const open = { income: 'undecided', married: 'undecided', size: 10 } as const;
  const words = (seeds: readonly number[], uncertainty: Comparison['uncertainty'] = 'seeds') =>
    compared({ a: open }, { seeds, uncertainty });
  expect(words([7]).answer).toEqual({ kind: 'untested', use: 'single-task' });
  expect(words([7]).all).toBe(
    'Use single-task for now: nothing is decided, so what another model gains or costs is not known. ' +
      'Set compare.seeds to 5: each model has 1 seed, and a verdict needs 3. Finished runs are not trained again.',
  );
  expect(words([1, 2]).all).toContain('each model has 2 seeds');
  expect(words([7], 'rows').answer).toEqual({ kind: 'undecided', use: 'a' }); // tested over test rows
});

test('something is decided, but nothing better: the smallest that is not worse', () => {
  const models = {
    a: { income: 'equivalent', married: 'equivalent', size: 400 },
    b: { income: 'worse', married: 'undecided' },
  } as const;
  const { answer, words } = compared(models);
  expect(answer).toEqual({ kind: 'none better', use: 'a', trade: null });
  expect(words).toBe(
    'Use a (400 parameters; single-task has 1,000): no model is shown to be better than single-task on any task. ' +
      'a: equivalent to single-task on income (within ± 0.001 AUC) and never-married (within ± 0.001 AUC).',
  );
  const some = { income: 'better', married: 'undecided', mean: ['worse', -3] } as const;
  expect(compared({ some }).words).toMatch(
    /^Use single-task: the models better on a task are worse on the mean over tasks \(Δm\)\./,
  );
});

test('a model whose verdict waits for a task is not used; what it is better on is not denied', () => {
  const part = { income: 'better', married: late, verdict: late } as const;
  const open = { income: 'undecided', married: 'undecided', size: 10 } as const;
  expect(compared({ part, open }).words).toMatch(
    /^Use open .* for now: no difference from single-task is shown with 5 seeds\. This leaves out part, not trained to a plateau on every task\./,
  );
  const worse = { income: 'worse', married: 'worse' } as const;
  expect(compared({ part, worse }).words).toMatch(
    /^Use single-task: no model is shown to be better than single-task on any task\. This leaves out part, /,
  );
});

test('without a result or a verdict there is no model to use', () => {
  expect(compared({ a: { income: late, married: 'better', verdict: late } }).answer).toEqual({ kind: 'no verdict' });
  expect(compared({})).toMatchObject({
    answer: { kind: 'no result' },
    all: 'No model has a gain over single-task.',
  });
});
