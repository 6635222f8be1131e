import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delongVariance, logLoss } from './binary.js';
import { evaluateTask, type TaskMetrics } from './evaluate.js';
import { groupedAuc } from './grouped.js';
import { mae, mse } from './regression.js';
import { influenceOnArea } from './row-influence.js';
import { binary, regression as rating } from './rows.fixture.js';
import { areaUnderCurve, binarySample, type TaskScores } from './samples.js';

const regression = { ...rating, offset: 3, scale: 2 };

interface Row {
  readonly logit: number;
  readonly label: number;
  readonly group: number;
  readonly weight: number;
}

// Few distinct logits, so that many rows are tied.
const rowWith = (weight: fc.Arbitrary<number>) =>
  fc.record({
    logit: fc.integer({ min: -4, max: 4 }),
    label: fc.integer({ min: 0, max: 1 }),
    group: fc.integer({ min: 0, max: 3 }),
    weight,
  });
const rowsWith = (weight: fc.Arbitrary<number>) => fc.array(rowWith(weight), { minLength: 1, maxLength: 40 });
const counts = rowsWith(fc.constantFrom(0, 1, 2, 3));
const weights = rowsWith(fc.constantFrom(0, 0.1, 0.7, 1, 1.3, 5));

function scoresOf(rows: readonly Row[]): TaskScores {
  return {
    logits: Float64Array.from(rows, ({ logit }) => logit),
    labels: Float64Array.from(rows, ({ label }) => label),
    mask: Float64Array.from(rows, ({ weight }) => weight),
    groups: Int32Array.from(rows, ({ group }) => group),
  };
}

describe('a weight says how often a row counts', () => {
  it('a row of weight 2 is the row twice', () => {
    const repeated = (rows: readonly Row[]) =>
      rows.flatMap((row) => Array.from({ length: row.weight }, () => ({ ...row, weight: 1 })));
    fc.assert(
      fc.property(counts, (rows) => {
        const [weighted, twice] = [scoresOf(rows), scoresOf(repeated(rows))];
        for (const [task, names] of [
          [binary, ['auc', 'logLoss', 'groupedAuc', 'groups', 'groupsSkipped']],
          [regression, ['mse', 'nmse', 'mae', 'labelVariance']],
        ] as const) {
          expectClose(evaluateTask(task, weighted), evaluateTask(task, twice), names);
        }
      }),
    );
  });

  it('a row of weight 0 is no row, in any metric', () => {
    fc.assert(
      fc.property(weights, (rows) => {
        const [all, counted] = [scoresOf(rows), scoresOf(rows.filter(({ weight }) => weight > 0))];
        expect(evaluateTask(binary, all)).toEqual(evaluateTask(binary, counted));
        expect(evaluateTask(regression, all)).toEqual(evaluateTask(regression, counted));
      }),
    );
  });

  it('equal weights are none, in any metric but the calibration error, whose bins then have parts of rows', () => {
    fc.assert(
      fc.property(rowsWith(fc.constantFrom(1)), fc.constantFrom(0.001, 0.3, 7), (rows, weight) => {
        const [plain, equal] = [scoresOf(rows), scoresOf(rows.map((row) => ({ ...row, weight })))];
        for (const task of [binary, regression]) {
          const expected = evaluateTask(task, plain);
          const names = Object.keys(expected).filter((name) => name !== 'calibrationError');
          expectClose(evaluateTask(task, equal), expected, names);
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
    expect(evaluateTask(binary, scoresOf(rows))).toMatchObject({ auc: 1, groupedAuc: 1, aucInterval: null });
    const reversed = rows.map((row) => ({ ...row, logit: -row.logit }));
    expect(evaluateTask(binary, scoresOf(reversed))).toMatchObject({ auc: 0, aucInterval: null });
  });

  it('float32 logits keep their weights when they are sorted', () => {
    const sample = binarySample({
      logits: Float32Array.of(3, 1, 2, Number.NEGATIVE_INFINITY),
      labels: Float32Array.of(1, 1, 0, 0),
      mask: Float32Array.of(0.5, 2, 3, 0.25),
    });
    expect(sample.positives).toEqual(Float32Array.of(1, 3));
    expect(sample.weights).toEqual({ positives: Float32Array.of(2, 0.5), negatives: Float32Array.of(0.25, 3) });
    expect(areaUnderCurve(sample)).toBeCloseTo((2 * 0.25 + 0.5 * 3.25) / (2.5 * 3.25), 14);
  });
});

describe('the influence of a row', () => {
  it('of the area: the squares add up to the variance', () => {
    fc.assert(
      fc.property(weights, (rows) => {
        const expected = delongVariance(binarySample(scoresOf(rows)));
        const influence = influenceOnArea(scoresOf(rows));
        if (expected === null) expect(influence).toBeNull();
        else expect(squares(influence)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it.each([
    [logLoss, binary, ({ logit, label }: Row) => Math.log(1 + Math.exp(label === 1 ? -logit : logit))],
    [mse, regression, ({ logit, label }: Row) => (3 + 2 * logit - label) ** 2],
    [mae, regression, ({ logit, label }: Row) => Math.abs(3 + 2 * logit - label)],
  ] as const)('of $name: that of a ratio of means', (metric, task, loss) => {
    fc.assert(
      fc.property(weights, (rows) => {
        const inside = rows.filter(({ weight }) => weight > 0);
        fc.pre(inside.length > 1);
        const whole = sum(inside.map(({ weight }) => weight));
        const mean = sum(inside.map((row) => row.weight * loss(row))) / whole;
        const factor = Math.sqrt(inside.length / (inside.length - 1)) / whole;
        const found = metric.influence(task, scoresOf(rows)) ?? [];
        for (const [index, row] of rows.entries())
          expect(found[index]).toBeCloseTo(factor * row.weight * (loss(row) - mean), 10);
      }),
    );
  });

  it('of groups goes by the weight of their rows', () => {
    const row = (group: number, label: number, logit: number, weight: number) => ({ group, label, logit, weight });
    const rows = [row(0, 1, 1, 2), row(0, 0, 0, 3), row(1, 1, 0, 1), row(1, 0, 1, 0.5)]; // areas 1 and 0, weights 5 and 1.5
    const mean = 5 / 6.5;
    expect(evaluateTask(binary, scoresOf(rows)).groupedAuc).toBeCloseTo(mean, 14);
    const factor = Math.SQRT2 / 6.5;
    expect([...(groupedAuc.influence(binary, scoresOf(rows)) ?? [])]).toEqual(
      [factor * 5 * (1 - mean), 0, factor * 1.5 * -mean, 0].map((value) => expect.closeTo(value, 12)),
    );
  });
});

function expectClose(found: TaskMetrics, expected: TaskMetrics, names: readonly string[]): void {
  for (const name of names) {
    const [values, wanted] = [[found[name]].flat(), [expected[name]].flat()];
    expect(values).toEqual(wanted.map((value) => (typeof value === 'number' ? expect.closeTo(value, 9) : value)));
  }
}

function squares(values: Float64Array | null): number {
  return sum([...(values ?? [])].map((value) => value ** 2));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
