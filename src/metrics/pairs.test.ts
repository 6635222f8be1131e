import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { evaluateTask } from './evaluate.js';
import { xauc } from './pairs.js';
import { errorOverRows } from './row-influence.js';
import { binary, type Row, regression, taskScores } from './rows.fixture.js';

const rowsWith = (weight: fc.Arbitrary<number>, label = fc.integer({ min: 0, max: 4 })) =>
  fc.array(
    fc.record({ logit: fc.integer({ min: -3, max: 3 }), label, group: fc.constantFrom(0, 3, 2 ** 31 - 1, -5), weight }),
    { minLength: 1, maxLength: 40 },
  );

/** Pair by pair. */
function naive(rows: readonly Row[]): number | null {
  let [ordered, compared] = [0, 0];
  for (const a of rows)
    for (const b of rows)
      if (a.label > b.label && a.weight > 0 && b.weight > 0) {
        compared += a.weight * b.weight;
        ordered += a.weight * b.weight * (a.logit > b.logit ? 1 : a.logit === b.logit ? 0.5 : 0);
      }
  return compared > 0 ? ordered / compared : null;
}

/** Group by group; a group counts by its rows' weights. */
function naiveOfGroups(rows: readonly Row[]): number | null {
  let [sum, whole] = [0, 0];
  for (const group of new Set(rows.map((row) => row.group))) {
    const own = rows.filter((row) => row.group === group);
    const weight = own.reduce((total, row) => total + row.weight, 0);
    const share = naive(own);
    if (share === null) continue;
    sum += weight * share;
    whole += weight;
  }
  return whole > 0 ? sum / whole : null;
}

const close = (value: number | null) => (value === null ? null : expect.closeTo(value, 12));

test('xauc and groupedXauc are the shares of pairs in order, counted pair by pair', () => {
  fc.assert(
    fc.property(rowsWith(fc.constantFrom(0, 1, 1, 2.5)), (rows) => {
      const { xauc, groupedXauc } = evaluateTask(regression, taskScores(rows));
      expect([xauc, groupedXauc]).toEqual([close(naive(rows)), close(naiveOfGroups(rows))]);
    }),
    { numRuns: 300 },
  );
});

test('of labels 0 and 1 xauc is the AUC', () => {
  fc.assert(
    fc.property(rowsWith(fc.constant(1), fc.integer({ min: 0, max: 1 })), (rows) => {
      const scores = taskScores(rows);
      const { auc } = evaluateTask(binary, scores);
      expect(evaluateTask(regression, scores).xauc).toEqual(typeof auc === 'number' ? close(auc) : null);
    }),
  );
});

test('of equal labels there is no xauc, and without groups no groupedXauc', () => {
  const { groups: _, ...plain } = taskScores([1, 2].map((logit) => ({ logit, label: 3, weight: 1, group: 0 })));
  const found = evaluateTask(regression, plain);
  expect([found.xauc, 'groupedXauc' in found]).toEqual([null, false]);
});

test('the error of xauc is its spread over draws of the rows', () => {
  const random = randomFromSeed(5);
  const draws = Array.from({ length: 2000 }, () =>
    Array.from({ length: 60 }, (_, group): Row => {
      const label = random.normal();
      return { label, logit: label + random.normal(), weight: 0.5 + random.uniform(), group };
    }),
  ).map((rows) => taskScores(rows));
  const values = draws.map((scores) => Number(evaluateTask(regression, scores).xauc));
  const variances = draws.slice(0, 200).map((scores) => {
    const influence = xauc.influence(regression, scores) ?? new Float64Array();
    return (errorOverRows(influence, undefined, scores.mask) ?? 0) ** 2;
  });
  expect(mean(variances) / (mean(values.map((value) => value ** 2)) - mean(values) ** 2)).toBeCloseTo(1, 1);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
