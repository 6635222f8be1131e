import { expect, test } from 'vitest';
import type {
  Aggregate,
  Comparison,
  ComparisonRow,
  Front,
  TaskGain,
  TaskVerdict,
  Verdict,
} from '../comparison/comparison.js';
import { rowVerdict } from '../comparison/statistics/gain-family.js';
import { must } from '../support/must.js';
import { answers, findings } from './answer.js';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { comparisonPoints, isMean, pointRows, rowsByModel } from './gain-rows.js';

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

/** What is said of single-task, of 1,000 parameters, and these rows. */
function said(rows: readonly ComparisonRow[], changes: Partial<Comparison> = {}): string {
  const none = taskGain(null, null);
  const baseline = comparisonRow('single-task', {
    tasks: { income: none, 'never-married': none },
    parameters: { network: 1000, embedding: 0 },
    verdict: 'baseline',
  });
  const comparison: Comparison = { ...everyVerdict, rows: [baseline, ...rows], contrasts: [], ...changes };
  return must(answers(comparison)[0], 'point').answer.join(' ');
}

function compared(models: Readonly<Record<string, Model>>, changes: Partial<Comparison> = {}): string {
  return said(
    Object.entries(models).map(([label, model]) => modelRow(label, model)),
    changes,
  );
}

test('a clear winner: better on all before better on some, then the smallest, whatever its mean', () => {
  const models = {
    some: { income: 'better', married: 'undecided', mean: ['better', 9], size: 100 },
    large: { income: 'better', married: 'better', mean: ['better', 8], size: 900 },
    small: { income: 'better', married: 'better', mean: ['better', 5], size: 800 },
  } as const;
  expect(compared(models)).toBe(
    'Use small, the smallest of 2 that win (large gains more: Δm +8.0 %): better than single-task on income (+0.00200 AUC) and never-married (+0.00200 AUC).',
  );
  expect(compared({ some: models.some })).toBe(
    'Use some: better than single-task on income (+0.00200 AUC); undecided against single-task on never-married ' +
      '(+0.00060 AUC, at most 0.0001 AUC worse).',
  );
});

test('of nearly equal sizes the larger mean counts', () => {
  const both = { income: 'better', married: 'better' } as const;
  const a = { ...both, mean: ['better', 1], size: 1000 } as const;
  const b = { ...both, mean: ['better', 2], size: 1040 } as const;
  expect(compared({ a, b })).toMatch(/^Use b: /);
});

test('better on the mean alone: no task is said to be better', () => {
  expect(compared({ a: { income: 'undecided', married: 'undecided', mean: ['better', 1.2] } })).toContain(
    'Use a: better than single-task on the mean over tasks (Δm +1.2 %); undecided against single-task on income ',
  );
});

test('a seesaw: single-task is kept, and the seesaw with the largest mean tells what it gains and costs', () => {
  const models = {
    a: { income: 'better', married: 'worse', mean: ['worse', -2] },
    b: { income: 'worse', married: 'better', mean: ['undecided', -1] },
  } as const;
  expect(compared(models)).toBe(
    'Keep single-task: each model that gains on one task loses on another. ' +
      'b: better than single-task on never-married (+0.00200 AUC); worse than single-task on income (-0.00200 AUC). ' +
      "Next: try other loss weights, with 'compare.front={ loss.weights.income.initial: { times: [0.25, 1, 4, 16] } }' behind the command.",
  );
  const front = { axis: {}, model: 'b', key: 'loss.weights.income.initial', points: [], repairedBy: [] };
  const withFront = (seesaw: Front['seesaw']) => compared(models, { fronts: [{ ...front, seesaw }] });
  expect(withFront('seesaw')).toContain('At each loss weight that was tried a task is worse.');
  expect(withFront('undecided')).not.toMatch(/Next|At each/);
  const some = { income: 'better', married: 'undecided', mean: ['worse', -3] } as const;
  expect(compared({ some })).toMatch(
    /^Keep single-task: each model that gains on one task loses on another, or on the mean over tasks \(Δm\)\. some: better/,
  );
});

test('better on some: not used if it may cost more than ten margins on another task, unless a test excludes it', () => {
  const row = modelRow('a', { income: 'better', married: 'undecided', mean: ['better', 3] });
  const married = (changes: Partial<TaskGain>) => {
    const gain = taskGain(0.0006, 'undecided', { simultaneous: [-0.0101, 0.0113], ...changes });
    return said([{ ...row, tasks: { ...row.tasks, 'never-married': gain } }]);
  };
  expect(married({})).toBe(
    'Keep single-task for now: a is better on income (+0.00200 AUC), and may be up to 0.0101 AUC worse on never-married. ' +
      'About 1,586 more seeds would decide never-married, if the gain stays.',
  );
  expect(married({ pNotInferior: 0.01 })).toMatch(/^Use a: /);
  expect(married({ margin: null })).toMatch(/^Use a: /);
});

test('better on some: not the smallest if its mean gain is below 0, though undecided', () => {
  const some = { income: 'better', married: 'undecided' } as const;
  const small = { ...some, mean: ['undecided', -30], size: 100 } as const;
  expect(compared({ small, large: { ...some, mean: ['undecided', 25], size: 900 } })).toMatch(/^Use large: /);
  expect(compared({ small })).toMatch(/^Keep single-task: each model that gains on one task .* small: better/);
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
  expect(compared({ a: model }, { fronts: [front] })).toBe(
    'Use a with the loss weight 4 of income: better than single-task on income (+0.00200 AUC); ' +
      'equivalent to single-task on never-married (within ± 0.001 AUC). ' +
      'At its own weight: better than single-task on income (+0.00200 AUC); worse than single-task on never-married (-0.00200 AUC).',
  );
  expect(compared({ a: { ...model, verdict: 'seesaw' } })).toMatch(/^Keep single-task: each model/);
});

test('nothing decided: single-task is kept, whatever the best mean, and what the open gains are at most', () => {
  const open = { income: 'undecided', married: 'undecided' } as const;
  expect(compared({ a: { ...open, size: 500, mean: ['undecided', 4] }, b: open })).toBe(
    'No difference from single-task is shown with 5 seeds: keep single-task. ' +
      'The undecided gains are at most 0.0013 AUC on income and 0.0013 AUC on never-married, by the 95 % intervals.',
  );
});

test('nothing better: the smallest model that is shown to be not worse on any task', () => {
  const models = {
    a: { income: 'equivalent', married: 'equivalent', size: 400 },
    b: { income: 'worse', married: 'undecided', size: 100 },
  } as const;
  const use = 'use a (400 parameters; single-task has 1,000), which is not worse by more than the margin on any task.';
  expect(compared(models)).toBe(`No model is shown to be better than single-task on any task: ${use}`);
  expect(compared({ a: { ...models.a, size: 1000 } })).toMatch(/^No model is shown .* on any task: keep single-task\./);
  const notWorse = modelRow('c', { income: 'undecided', married: 'undecided', size: 10 });
  const tasks = Object.fromEntries(
    Object.entries(notWorse.tasks).map(([name, gain]) => [name, { ...gain, pNotInferior: 0.01 }]),
  );
  expect(said([{ ...notWorse, tasks }])).toBe(
    'No difference from single-task is shown with 5 seeds: use c (10 parameters; single-task has 1,000), which is not worse by more than the margin on any task.',
  );
});

test('one seed, or two: nothing is tested, and single-task is kept', () => {
  const open = { income: 'undecided', married: 'undecided', size: 10 } as const;
  expect(compared({ a: open }, { seeds: [7] })).toBe(
    'Keep single-task for now: with 1 seed nothing is tested. Set compare.seeds to 5 (at least 3). Finished runs are not trained again.',
  );
  expect(compared({ a: open }, { seeds: [1, 2] })).toContain('with 2 seeds nothing');
  expect(compared({ a: open }, { seeds: [7], uncertainty: 'rows' })).toMatch(/^No difference/); // tested over test rows
});

test('a model made elsewhere is told where its mean gain is the largest', () => {
  const own = modelRow('ple', { income: 'better', married: 'better', mean: ['better', 1] });
  const boosting = modelRow('boosting', { income: 'better', married: 'better', mean: ['better', 3] });
  expect(said([own, { ...boosting, type: 'external', parameters: null }])).toMatch(
    /^Use ple.*: .* boosting has the largest mean gain over single-task \(Δm \+3\.0 %\)\.$/,
  );
});

test('a model whose verdict waits for a task is not used; what it is better on is not denied', () => {
  const part = { income: 'better', married: late, verdict: late } as const;
  const open = { income: 'undecided', married: 'undecided', size: 10 } as const;
  expect(compared({ part, open })).toMatch(
    /^No difference from single-task is shown with 5 seeds: keep single-task\. .* This leaves out part, not trained to a plateau on every task\.$/,
  );
});

test('without a result or a verdict there is no model to use', () => {
  expect(compared({ a: { income: late, married: 'better', verdict: late } })).not.toMatch(/Use|Keep/);
  expect(compared({})).toBe(
    'No gain over single-task is known: its runs, or all others, have no result (see the notes).',
  );
  const { rows } = everyVerdict;
  const only = (...labels: string[]) => said(rows.filter(({ label }) => labels.includes(label)));
  expect(only('ML-MMoE')).toBe(
    'ML-MMoE (income): not trained to a plateau. 4 of their 5 runs ended at their limit of epochs, still improving: raise train.epochs.',
  );
});

test('what the tests say of a model, with the size of each gain', () => {
  const [point] = comparisonPoints(everyVerdict);
  const found = rowsByModel(pointRows(everyVerdict, must(point, 'point')))
    .filter(([{ reference }]) => reference !== null)
    .map((rows) =>
      findings(
        rows.filter((row) => !isMean(row)),
        0.05,
      ),
    );
  expect(found).toEqual([
    'better than single-task on income (+0.00120 AUC) and never-married (+0.00080 AUC)',
    'better than single-task on income (+0.00110 AUC); undecided against single-task on never-married (+0.00010 AUC, at most 0.001 AUC worse)',
    'better than single-task on income (+0.00130 AUC); worse than single-task on never-married (-0.00090 AUC)',
    'worse than single-task on income (-0.00140 AUC); equivalent to single-task on never-married (within ± 0.001 AUC)',
    'equivalent to single-task on income (within ± 0.001 AUC) and never-married (within ± 0.001 AUC)',
    'undecided against single-task on income (+0.00020 AUC, at most 0.0005 AUC worse) and never-married (-0.00010 AUC, at most 0.0008 AUC worse)',
    'better than single-task on never-married (+0.00070 AUC); no verdict, for want of training, on income',
    'no result on income and never-married',
    'better than CGC on never-married (+0.00070 AUC); undecided against CGC on income (+0.00010 AUC, at most 0.0006 AUC worse)',
    'undecided against MMoE on income (-0.00010 AUC, at most 0.0008 AUC worse) and never-married (+0.00020 AUC, at most 0.0005 AUC worse)',
  ]);
});

test('how much worse it may be follows from a test, or from the end of the simultaneous interval', () => {
  const gain = taskGain(0.0001, 'undecided', { pNotInferior: 0.04 });
  const tasks = { income: taskGain(0.001, 'better'), 'never-married': gain };
  const rows = [comparisonRow('PLE', { tasks, verdict: 'better on some' })];
  const sentence = (level: number) =>
    findings(
      rows
        .flatMap((row) =>
          pointRows(
            { ...everyVerdict, rows: [row] },
            must(comparisonPoints({ ...everyVerdict, rows: [row] })[0], 'point'),
          ),
        )
        .filter((row) => row.family === 'models' && !isMean(row)),
      level,
    );
  expect(sentence(0.05)).toContain('at most 0.001 AUC worse');
  expect(sentence(0.025)).toContain('at most 0.0006 AUC worse');
});
