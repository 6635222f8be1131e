import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delongVariance } from './binary.js';
import { calibrationError } from './calibration.js';
import { areaUnderCurve, type BinarySample, binarySample } from './samples.js';

interface Row {
  readonly logit: number;
  readonly label: number;
}

// Few distinct values, so that most rows are tied, or any float32.
const tied = fc.record({ logit: fc.integer({ min: -3, max: 3 }), label: fc.integer({ min: 0, max: 1 }) });
const free = fc.record({ logit: fc.float({ noNaN: true }), label: fc.integer({ min: 0, max: 1 }) });
const samples = fc.oneof(
  fc.array(tied, { minLength: 1, maxLength: 60 }),
  fc.array(free, { minLength: 1, maxLength: 60 }),
);

describe('pitfall 23: from their definitions', () => {
  it('the AUC is the share of pairs in order, a tie counting half', () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const placements = pairs(rows);
        const expected = placements.length === 0 || placements[0]?.length === 0 ? null : mean(placements.map(mean));
        const found = areaUnderCurve(sampleOf(rows));
        if (expected === null) expect(found).toBeNull();
        else expect(found).toBeCloseTo(expected, 12);
      }),
      { numRuns: 200 },
    );
  });

  it("DeLong's variance is that of the placements of either class", () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const placements = pairs(rows);
        const [m, n] = [placements.length, placements[0]?.length ?? 0];
        const found = delongVariance(sampleOf(rows));
        if (m < 2 || n < 2) {
          expect(found).toBeNull();
          return;
        }
        const byPositive = placements.map(mean);
        const byNegative = Array.from({ length: n }, (_, j) => mean(placements.map((row) => row[j] ?? Number.NaN)));
        expect(found).toBeCloseTo(sampleVariance(byPositive) / m + sampleVariance(byNegative) / n, 12);
      }),
      { numRuns: 200 },
    );
  });

  it('float32 and float64 logits give the same, in any order of the rows', () => {
    fc.assert(
      fc.property(samples, fc.integer(), (rows, turn) => {
        const at = Math.abs(turn) % rows.length;
        const turned = [...rows.slice(at), ...rows.slice(0, at)].reverse();
        const [single, double] = [sampleOf(rows), sampleOf(turned, Float64Array)];
        expect(single.positives).toBeInstanceOf(Float32Array);
        expect(double.positives).toBeInstanceOf(Float64Array);
        expect(areaUnderCurve(double)).toBe(areaUnderCurve(single));
        expect(calibrationError.compute(double)).toBe(calibrationError.compute(single));
      }),
    );
  });
});

describe('calibration error', () => {
  it('is the mean over 15 bins of equal count where no rows are tied', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(free, { minLength: 1, maxLength: 100, selector: ({ logit }) => expit(logit) }),
        (rows) => {
          const sorted = [...rows].sort((a, b) => a.logit - b.logit);
          let expected = 0;
          for (let bin = 0; bin < 15; bin++) {
            const inBin = sorted.slice(
              Math.round((bin * rows.length) / 15),
              Math.round(((bin + 1) * rows.length) / 15),
            );
            expected += Math.abs(inBin.reduce((sum, { logit, label }) => sum + expit(logit) - label, 0)) / rows.length;
          }
          expect(calibrationError.compute(sampleOf(rows))).toBeCloseTo(expected, 12);
        },
      ),
    );
  });

  it('of one prediction for all rows is its distance from the share of positives', () => {
    const rows = Array.from({ length: 40 }, (_, row) => ({ logit: 0, label: row < 10 ? 1 : 0 }));
    expect(calibrationError.compute(sampleOf(rows))).toBeCloseTo(0.25, 12);
  });

  it('of fewer rows than bins has each row in a bin of its own', () => {
    const rows = [
      { logit: 0, label: 1 },
      { logit: Math.log(3), label: 0 },
    ];
    expect(calibrationError.compute(sampleOf(rows, Float64Array))).toBeCloseTo((0.5 + 0.75) / 2, 12);
  });
});

function sampleOf(rows: readonly Row[], Type: typeof Float32Array | typeof Float64Array = Float32Array): BinarySample {
  return binarySample({
    logits: new Type(rows.map(({ logit }) => logit)),
    labels: Float32Array.from(rows, ({ label }) => label),
    mask: Float32Array.from(rows, () => 1),
  });
}

/** [positives][negatives]: 1 where the positive has the higher logit, 1/2 where they are tied. */
function pairs(rows: readonly Row[]): number[][] {
  const logitsOf = (label: number) => rows.filter((row) => row.label === label).map(({ logit }) => logit);
  return logitsOf(1).map((x) => logitsOf(0).map((y) => (x > y ? 1 : x === y ? 0.5 : 0)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sampleVariance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
