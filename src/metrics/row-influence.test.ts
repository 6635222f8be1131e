import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delongVariance, logLoss } from './binary.js';
import { metrics } from './catalogue.js';
import { isRegressionMetric } from './metric.js';
import { influenceOnArea } from './row-influence.js';
import { binary, regression } from './rows.fixture.js';
import { binarySample, type TaskScores } from './samples.js';

// Few distinct logits, so that many rows are tied; some rows are outside the task.
const rows = fc.array(
  fc.record({
    logit: fc.integer({ min: -4, max: 4 }),
    other: fc.integer({ min: -4, max: 4 }),
    label: fc.integer({ min: 0, max: 1 }),
    mask: fc.constantFrom(1, 1, 1, 0),
  }),
  { minLength: 4, maxLength: 40 },
);
type Row = { readonly logit: number; readonly other: number; readonly label: number; readonly mask: number };

describe('the influence of rows on the area under the curve', () => {
  it('of a difference: the squares add up to its variance (DeLong), by all pairs of rows', () => {
    fc.assert(
      fc.property(rows, (sample) => {
        const [one, other] = [influenceOnArea(scoresOf(sample, 'logit')), influenceOnArea(scoresOf(sample, 'other'))];
        fc.pre(one !== null && other !== null);
        const inside = sample.filter(({ mask }) => mask > 0);
        const [positives, negatives] = [1, 0].map((label) => inside.filter((row) => row.label === label));
        if (!positives || !negatives) throw new Error('Two classes.');
        const order = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0);
        // [positive][negative]: how much better the pair is ordered by `logit` than by `other`
        const gains = positives.map((a) => negatives.map((b) => order(a.logit, b.logit) - order(a.other, b.other)));
        const ofPositives = gains.map(mean);
        const ofNegatives = negatives.map((_, index) => mean(gains.map((row) => row[index] ?? 0)));
        const expected = variance(ofPositives) / positives.length + variance(ofNegatives) / negatives.length;
        expect(squares(one?.map((value, row) => value - (other?.[row] ?? 0)) ?? null)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('rows outside the task have none, whatever they hold', () => {
    const scores = {
      logits: Float32Array.of(1, 2, Number.NaN, 3, 0, 5),
      labels: Float32Array.of(0, 1, Number.NaN, 1, 0, 1),
      mask: Float32Array.of(1, 1, 0, 1, 1, 0),
    };
    const influence = influenceOnArea(scores);
    expect([...(influence ?? [])].map((value) => value === 0)).toEqual([true, true, true, true, true, true]); // an area of 1
    expect(influenceOnArea({ ...scores, logits: Float32Array.of(9, 2, Number.NaN, 3, 0, 5) })?.[2]).toBe(0);
  });

  it('takes logits that are infinite', () => {
    const scores = {
      logits: Float64Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY),
      labels: Float32Array.of(0, 0, 1, 1),
      mask: Float32Array.of(1, 1, 1, 1),
    };
    expect(squares(influenceOnArea(scores))).toBeCloseTo(delongVariance(binarySample(scores)) ?? Number.NaN, 14);
  });
});

it('is null for one row and for NaN', () => {
  const one = scoresOf([{ logit: 1, other: 1, label: 1, mask: 1 }], 'logit');
  for (const metric of metrics.all.filter(isRegressionMetric))
    if (metric.influence) expect(metric.influence(regression, one)).toBeNull();
  expect(logLoss.influence(binary, { ...one, logits: Float32Array.of(Number.NaN) })).toBeNull();
});

function scoresOf(sample: readonly Row[], column: 'logit' | 'other'): TaskScores {
  return {
    logits: Float32Array.from(sample, (row) => row[column]),
    labels: Float32Array.from(sample, ({ label }) => label),
    mask: Float32Array.from(sample, ({ mask }) => mask),
  };
}

function squares(influence: Float64Array | null): number {
  return influence?.reduce((sum, value) => sum + value ** 2, 0) ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
