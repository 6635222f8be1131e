import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ComparedModel, Comparison, Gain, TaskVerdict } from '../comparison/comparison.js';
import { rowVerdict } from '../comparison/statistics/gain-family.js';
import { must } from '../support/must.js';
import { answers, findings, modelToServe } from './answer.js';
import { comparisonOf, everyVerdict, type ModelFacts, meanGain, taskGain } from './report.fixture.js';
import { comparisonPoints, gainsByModel } from './shown-gains.js';

interface Model {
  readonly gains: readonly TaskVerdict[];
  readonly with?: readonly Partial<Gain>[];
  readonly mean?: readonly [TaskVerdict, number];
  readonly size?: number;
  readonly verdict?: ComparedModel['verdict'];
  /** Runs that ended at the limit of epochs. */
  readonly late?: number;
  readonly external?: true;
}

interface Case {
  readonly case: string;
  readonly models: Readonly<Record<string, Model>>;
  readonly atEdge?: Readonly<Record<string, readonly string[]>>;
  readonly changes?: Partial<Comparison>;
  readonly said: string;
}

const cases: readonly Case[] = parse(readFileSync(join(import.meta.dirname, 'goldens/answers.yaml'), 'utf8'));
const sizes: Readonly<Record<TaskVerdict, number>> = {
  ...{ better: 0.002, worse: -0.002, equivalent: 0, undecided: 0.0006, 'not trained to a plateau': 0.001 },
};

function modelFacts(label: string, model: Model, atEdge: readonly string[]): ModelFacts {
  const { gains, with: changes = [], mean: [verdict, percent] = ['undecided', 0], size = 1000, late = 0 } = model;
  const tasks = everyVerdict.tasks.map((task, index) => {
    const own = must(gains[index], 'verdict');
    return [task, taskGain(sizes[own], own, { atLimit: index === 0 ? late : 0, ...changes[index] })] as const;
  });
  return {
    label,
    ...(model.external ? { type: 'external' } : {}),
    ...{ tasks: Object.fromEntries(tasks), mean: { ...meanGain(percent, 0.1), verdict }, atLimit: late },
    parameters: model.external ? null : { network: size, embedding: 0 },
    verdict: model.verdict ?? rowVerdict(gains),
    ...(atEdge.length > 0 ? { atEdge } : {}),
  };
}

test.each(cases)('$case', ({ models, atEdge = {}, changes, said }) => {
  const baseline: ModelFacts = {
    label: 'single-task',
    tasks: { income: taskGain(null, null), 'never-married': taskGain(null, null) },
    parameters: { network: 1000, embedding: 0 },
    verdict: 'baseline',
    ...(atEdge['single-task'] ? { atEdge: atEdge['single-task'] } : {}),
  };
  const others = Object.entries(models).map(([label, model]) => modelFacts(label, model, atEdge[label] ?? []));
  const comparison = comparisonOf([baseline, ...others], [], changes);
  const { answer, use } = must(answers(comparison)[0], 'point');
  expect(answer.join(' ')).toBe(said);
  const [, named = null] = /\b(?:use|keep) ([\w-]+)/i.exec(said) ?? [];
  expect(use).toBe(named);
  expect(modelToServe(comparison)?.label ?? null).toBe(models[named ?? '']?.external ? null : named);
});

test('an undecided gain of an error is at most all of it', () => {
  const baseline = { income: taskGain(null, null, { metric: 'mse' }), 'never-married': taskGain(null, null) };
  const wide = taskGain(0.2, 'undecided', { metric: 'mse', simultaneous: [-2, 3] });
  const tasks = { income: wide, 'never-married': taskGain(0.0006, 'undecided') };
  const shared = { parameters: { network: 1000, embedding: 0 } };
  const comparison = comparisonOf(
    [
      { ...shared, label: 'single-task', tasks: baseline, verdict: 'baseline' },
      { ...shared, label: 'a', tasks, mean: meanGain(0, 0.5), verdict: 'undecided' },
    ],
    [],
  );
  expect(answers(comparison)[0]?.answer.join(' ')).toMatch('at most 100 % on income and 0.0013 AUC on never-married');
});

test('what the tests say of a model, with the size of each gain; how much worse it may be follows from a test, or an interval', () => {
  const { gains } = must(comparisonPoints(everyVerdict)[0], 'point');
  const models = gainsByModel(gains.filter(({ reference, mean }) => reference !== null && !mean));
  const found = (level: number) => models.map((rows) => findings(rows, level));
  expect(found(0.05)).toEqual([
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
  expect(found(0.005)[1]).toContain('at most 0.0006 AUC worse');
});
