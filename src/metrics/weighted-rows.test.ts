import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryAccuracy, logLoss } from './binary.js';
import { metrics } from './catalogue.js';
import { evaluateTask } from './evaluate.js';
import { isRegressionMetric } from './metric.js';
import { mae, mse } from './regression.js';
import { delongVariance, errorOverRows, influenceOnArea } from './row-influence.js';
import { binary, type Row, regression as rating, taskScores } from './rows.fixture.js';
import { binarySample } from './samples.js';

const regression = { ...rating, offset: 3, scale: 2 };

// Few distinct logits, so that many rows are tied.
const rowsWith = (weight: fc.Arbitrary<number>) =>
  fc.array(
    fc.record({
      logit: fc.integer({ min: -4, max: 4 }),
      label: fc.integer({ min: 0, max: 1 }),
      group: fc.integer({ min: 0, max: 3 }),
      weight,
    }),
    { minLength: 1, maxLength: 40 },
  );
const weights = rowsWith(fc.constantFrom(0, 0.1, 0.7, 1, 1.3, 5));

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (rows: readonly Row[], value: (row: Row) => number) =>
  sum(rows.map((row) => row.weight * value(row))) / sum(rows.map(({ weight }) => weight));

describe('a weight says how often a row counts', () => {
  it('a row of weight 0 is no row, whatever it holds, in any metric', () => {
    fc.assert(
      fc.property(weights, (rows) => {
        const spoilt = rows.map((row) => (row.weight > 0 ? row : { ...row, logit: Number.NaN, label: Number.NaN }));
        const [all, counted] = [taskScores(spoilt), taskScores(rows.filter(({ weight }) => weight > 0))];
        expect(evaluateTask(binary, all)).toEqual(evaluateTask(binary, counted));
        expect(evaluateTask(regression, all)).toEqual(evaluateTask(regression, counted));
      }),
    );
  });

  it('equal weights are none, in any metric but the calibration error, whose bins then have parts of rows', () => {
    fc.assert(
      fc.property(rowsWith(fc.constant(1)), fc.constantFrom(0.001, 0.3, 7), (rows, weight) => {
        for (const task of [binary, regression]) {
          const expected = evaluateTask(task, taskScores(rows));
          const found = evaluateTask(task, taskScores(rows.map((row) => ({ ...row, weight }))));
          for (const [name, value] of Object.entries(expected).filter(([name]) => name !== 'calibrationError'))
            expect([found[name]].flat()).toEqual(
              [value].flat().map((one) => (typeof one === 'number' ? expect.closeTo(one, 9) : one)),
            );
        }
      }),
    );
  });

  it('in a right order the area is 1, however weights add up, and has no interval', () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      logit: i,
      label: Number(i >= 13),
      group: 0,
      weight: 0.1 + i / 7,
    }));
    expect(evaluateTask(binary, taskScores(rows))).toMatchObject({ auc: 1, groupedAuc: 1, aucInterval: null });
    const reversed = rows.map((row) => ({ ...row, logit: -row.logit }));
    expect(evaluateTask(binary, taskScores(reversed))).toMatchObject({ auc: 0, aucInterval: null });
  });
});

describe('the influence of a row', () => {
  /** DeLong's variance of the mean over pairs, from the placements of either class. */
  function delong(rows: readonly Row[], value: (positive: Row, negative: Row) => number): number {
    const [positives, negatives] = [1, 0].map((label) => rows.filter((row) => row.weight > 0 && row.label === label));
    const variance = (own: readonly Row[] = [], placement: (row: Row) => number) => {
      const centre = mean(own, placement);
      const squares = own.map((row) => (row.weight * (placement(row) - centre)) ** 2);
      return (own.length * sum(squares)) / (own.length - 1) / sum(own.map(({ weight }) => weight)) ** 2;
    };
    return (
      variance(positives, (positive) => mean(negatives ?? [], (negative) => value(positive, negative))) +
      variance(negatives, (negative) => mean(positives ?? [], (positive) => value(positive, negative)))
    );
  }

  it('of a difference of areas: the squares add up to its variance (DeLong), by all pairs of rows', () => {
    const order = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0);
    const ends = [Number.NEGATIVE_INFINITY, -1, 0, 1, Number.POSITIVE_INFINITY];
    fc.assert(
      fc.property(weights, (sample) => {
        const rows = sample.map((row) => ({ ...row, logit: ends[row.logit + 2] ?? 2 * row.logit }));
        // By groups, as other logits; rows outside the task may hold anything.
        const others = rows.map((row) => ({ ...row, logit: row.weight === 0 ? Number.NaN : row.group }));
        const [one, other] = [influenceOnArea(taskScores(rows)), influenceOnArea(taskScores(others))];
        const variance = delongVariance(binarySample(taskScores(rows)));
        const expected = delong(rows, (a, b) => order(a.logit, b.logit));
        if (variance === null || one === null || other === null) {
          expect([variance, one, other, Number.isFinite(expected)]).toEqual([null, null, null, false]);
          return;
        }
        expect(variance).toBeCloseTo(expected, 12);
        const ofDifference = delong(rows, (a, b) => order(a.logit, b.logit) - order(a.group, b.group));
        expect(sum([...one].map((value, row) => (value - (other[row] ?? 0)) ** 2))).toBeCloseTo(ofDifference, 12);
      }),
    );
  });

  it.each([
    [logLoss, binary, ({ logit, label }: Row) => Math.log(1 + Math.exp(label === 1 ? -logit : logit))],
    [binaryAccuracy, binary, ({ logit, label }: Row) => Number(logit > 0 === (label === 1))],
    [mse, regression, ({ logit, label }: Row) => (3 + 2 * logit - label) ** 2],
    [mae, regression, ({ logit, label }: Row) => Math.abs(3 + 2 * logit - label)],
  ] as const)('of $name: that of a ratio of means', (metric, task, loss) => {
    fc.assert(
      fc.property(weights, (rows) => {
        const inside = rows.filter(({ weight }) => weight > 0);
        fc.pre(inside.length > 1);
        const centre = mean(inside, loss);
        const factor = Math.sqrt(inside.length / (inside.length - 1)) / sum(inside.map(({ weight }) => weight));
        const found = metric.influence(task, taskScores(rows)) ?? [];
        for (const [index, row] of rows.entries())
          expect(found[index]).toBeCloseTo(factor * row.weight * (loss(row) - centre), 10);
      }),
    );
  });

  it('is null for one row and for NaN', () => {
    const one = taskScores([{ logit: 1, label: 1, group: 0, weight: 1 }]);
    for (const metric of metrics.all.filter(isRegressionMetric))
      if (metric.influence) expect(metric.influence(regression, one)).toBeNull();
    expect(logLoss.influence(binary, { ...one, logits: Float64Array.of(Number.NaN) })).toBeNull();
  });
});

it('a group whose rows are all outside of the sample space is not drawn', () => {
  const error = (mask: readonly number[]) =>
    errorOverRows(Float64Array.of(3, 1, -4, 2), Int32Array.of(0, 0, 1, 2), Float64Array.from(mask));
  expect([error([1, 1, 1, 1]), error([1, 1, 1, 0])]).toEqual([6, null]); // of two groups there is none
});
