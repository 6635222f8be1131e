import { describe, expect, it } from 'vitest';
import { detectableGain, testPower } from './detectable-gain.js';

// scipy 1.17.1:
//   c = t.ppf(.975, df); nct.sf(c, df, d) + nct.sf(c, df, -d)
it.each([
  [0, 4, 0.05],
  [1, 2, 0.09520175549788396],
  [3, 4, 0.6192614594023306],
  [2.5, 9, 0.6061383742015277],
  [2.8, 1000, 0.7988019312812853],
])('the power at noncentrality %d with %d degrees of freedom', (noncentrality, df, power) => {
  expect(testPower(noncentrality, df, 0.05)).toBeCloseTo(power, 12);
});

describe('the detectable gain', () => {
  // scipy 1.17.1, the noncentral t as a mean over its chi:
  //   f = lambda s, d: chi.pdf(s * sqrt(df), df) * sqrt(df) * (norm.cdf(d - c * s) + norm.cdf(-d - c * s))
  //   brentq(lambda d: quad(f, 0, 1, d)[0] + quad(f, 1, 12, d)[0] - .8, 1, 40, xtol=1e-12)
  it.each([
    [1, 16.334008869920993],
    [2, 5.653489266197127],
    [3, 4.255898686515599],
    [4, 3.7610595538251244],
    [6.5, 3.313811201972709],
    [9, 3.149632886450618],
    [99, 2.82912632781394],
  ])('with %d degrees of freedom', (df, noncentrality) => {
    expect(detectableGain(1, df, 0.05)).toBeCloseTo(noncentrality, 9);
    expect(detectableGain(0.002, df, 0.05)).toBeCloseTo(0.002 * noncentrality, 12);
  });

  it('of a normal error is 1.96 + 0.84 standard errors', () => {
    // norm.ppf(.975) + norm.ppf(.8), but for the chance of the wrong sign, below 1e-6
    expect(detectableGain(1, Number.POSITIVE_INFINITY, 0.05)).toBeCloseTo(2.8015852181, 5);
    expect(detectableGain(1, 1e7, 0.05)).toBeCloseTo(detectableGain(1, Number.POSITIVE_INFINITY, 0.05), 5);
  });

  // scipy 1.15.3: c = t.ppf(1 - .00125, 8.4); nct.sf(c, 8.4, d) + nct.cdf(-c, 8.4, d); brentq(lambda d: nct.sf(c, 8.4, d) - .8, 1, 40)
  it('at a stricter level', () => {
    expect(testPower(3, 8.4, 0.0025)).toBeCloseTo(0.21709800807151106, 9);
    expect(testPower(6, 8.4, 0.0025)).toBeCloseTo(0.9030393730939353, 9);
    expect(detectableGain(2, 8.4, 0.0025)).toBeCloseTo(2 * 5.324009269685076, 8);
  });
});
