import { describe, expect, it } from 'vitest';
import { pAtLeast, pAtMost, type SettingGains, settingsInterval } from './best-settings.js';
import { testFamily } from './gain-family.js';

/** Standard errors of .01 with four degrees of freedom. */
const gainOf = (gain: number) => ({
  gain,
  error: { estimated: [{ variance: 1e-4, degreesOfFreedom: 4, runs: 5 }], known: 0 },
});
/** [of the model][of the reference] */
const pairs = [
  [0.03, 0.01],
  [0.022, -0.002],
].map((ofModel) => ofModel.map(gainOf));
const best: SettingGains = { pairs, model: 'best', reference: 'best' };
const any: SettingGains = { pairs, model: 'any', reference: 'any' };

// The expected numbers are those of scipy.stats.t.
describe('two settings against two', () => {
  it('is above x where one setting of the model, of two, is above both of the reference', () => {
    expect(pAtMost(0, best)).toBeCloseTo(0.37390096630005887, 5);
    expect(pAtLeast(0, best)).toBe(1);
  });

  it('is above x, for a setting that may be any, where the worst pair is', () => {
    expect(pAtMost(0, any)).toBeCloseTo(0.5743814929315387, 5);
    expect(pAtLeast(0, any)).toBeCloseTo(0.9800290159641406, 5);
  });

  it('has an interval of the values that no test rejects', () => {
    const [low, high] = settingsInterval(0.05, best);
    expect(low).toBeCloseTo(-0.024954059325164375, 5);
    expect(high).toBeCloseTo(0.04495405932516438, 5);
    expect(pAtMost(low, best)).toBeCloseTo(0.025, 6);
    expect(pAtLeast(high, best)).toBeCloseTo(0.025, 6);
    expect(settingsInterval(0.05, any)[0]).toBeCloseTo(-0.029764451051977947, 5);
  });
});

describe('a family', () => {
  const plain = { gain: 0.025, error: gainOf(0).error, margin: 0.05 };

  it('tests one setting against one as a gain without settings', () => {
    const settings: SettingGains = { pairs: [[gainOf(0.025)]], model: 'best', reference: 'best' };
    const [tested, expected] = [testFamily([{ ...plain, settings }], 0.05), testFamily([plain], 0.05)];
    expect(tested[0]?.p).toBeCloseTo(expected[0]?.p ?? Number.NaN, 12);
    expect(tested[0]?.pEquivalent).toBeCloseTo(expected[0]?.pEquivalent ?? Number.NaN, 12);
    expect(tested[0]?.interval?.[0]).toBeCloseTo(expected[0]?.interval?.[0] ?? Number.NaN, 10);
  });

  it('widens the interval to the gain of the chosen settings', () => {
    const [tested] = testFamily([{ ...plain, gain: 0.09, settings: best }], 0.05);
    expect(tested?.interval).toEqual([expect.closeTo(-0.024954059325164375, 5), 0.09]);
  });

  it('has no test where a pair of settings has no error', () => {
    const [tested] = testFamily([{ ...plain, settings: null }], 0.05);
    expect(tested).toMatchObject({ p: null, interval: null, pEquivalent: null });
  });
});
