import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Aggregate, Comparison, ComparisonRow, TaskGain, TaskVerdict } from '../comparison/comparison.js';
import { rowVerdict } from '../comparison/statistics/gain-family.js';
import { must } from '../support/must.js';
import { answers, findings, rowToServe } from './answer.js';
import { comparisonPoints, isMean, pointRows, rowsByModel } from './gain-rows.js';
import { aggregateGain, comparisonRow, everyVerdict, taskGain } from './report.fixture.js';

interface Model {
  readonly gains: readonly TaskVerdict[];
  readonly with?: readonly Partial<TaskGain>[];
  readonly mean?: readonly [Aggregate['verdict'], number];
  readonly size?: number;
  readonly verdict?: ComparisonRow['verdict'];
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

function modelRow(label: string, model: Model): ComparisonRow {
  const { gains, with: changes = [], mean: [verdict, percent] = ['undecided', 0], size = 1000, late = 0 } = model;
  const tasks = everyVerdict.tasks.map((task, place) => {
    const own = must(gains[place], 'verdict');
    return [task, taskGain(sizes[own], own, { atLimit: place === 0 ? late : 0, ...changes[place] })] as const;
  });
  return comparisonRow(label, {
    ...(model.external ? { type: 'external' } : {}),
    ...{ tasks: Object.fromEntries(tasks), aggregate: { ...aggregateGain(percent, 0.1), verdict }, atLimit: late },
    parameters: model.external ? null : { network: size, embedding: 0 },
    verdict: model.verdict ?? rowVerdict(gains),
  });
}

test.each(cases)('$case', ({ models, atEdge = {}, changes, said }) => {
  const [baseline] = everyVerdict.rows;
  const rows = Object.entries(models).map(([label, model]) => modelRow(label, model));
  const comparison: Comparison = {
    ...{ ...everyVerdict, contrasts: [], ...changes },
    rows: [{ ...must(baseline, 'baseline'), parameters: { network: 1000, embedding: 0 } }, ...rows].map((row) => ({
      ...row,
      ...(atEdge[row.label] && { atEdge: atEdge[row.label] }),
    })),
  };
  const { answer, use } = must(answers(comparison)[0], 'point');
  expect(answer.join(' ')).toBe(said);
  const [, named = null] = /\b(?:use|keep) ([\w-]+)/i.exec(said) ?? [];
  expect(use).toBe(named);
  expect(rowToServe(comparison)?.label ?? null).toBe(models[named ?? '']?.external ? null : named);
});

test('what the tests say of a model, with the size of each gain; how much worse it may be follows from a test, or an interval', () => {
  const [point] = comparisonPoints(everyVerdict);
  const models = rowsByModel(pointRows(everyVerdict, must(point, 'point'))).filter(([{ reference }]) => reference);
  const found = (level: number) =>
    models.map((rows) =>
      findings(
        rows.filter((row) => !isMean(row)),
        level,
      ),
    );
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
