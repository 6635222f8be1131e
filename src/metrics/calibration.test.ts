import fc from 'fast-check';
import { expect, it } from 'vitest';
import { calibrationError } from './calibration.js';
import { binarySample } from './samples.js';

const expit = (x: number) => 1 / (1 + Math.exp(-x));

it('calibration error is the mean over 15 bins of equal count where no rows are tied', () => {
  const row = fc.record({ logit: fc.float({ noNaN: true }), label: fc.integer({ min: 0, max: 1 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { minLength: 1, maxLength: 100, selector: ({ logit }) => expit(logit) }),
      (rows) => {
        const sorted = [...rows].sort((a, b) => a.logit - b.logit);
        let expected = 0;
        for (let bin = 0; bin < 15; bin++) {
          const [from, to] = [bin, bin + 1].map((edge) => Math.round((edge * rows.length) / 15));
          const gap = sorted.slice(from, to).reduce((sum, { logit, label }) => sum + expit(logit) - label, 0);
          expected += Math.abs(gap) / rows.length;
        }
        const sample = binarySample({
          logits: Float32Array.from(rows, ({ logit }) => logit),
          labels: Float32Array.from(rows, ({ label }) => label),
          mask: Float32Array.from(rows, () => 1),
        });
        expect(calibrationError.compute(sample)).toBeCloseTo(expected, 12);
      },
    ),
  );
});
