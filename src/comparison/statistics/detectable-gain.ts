import { criticalValue, normalBelow } from './distributions.js';

/**
 * The smallest true gain that a two-sided t test at this level finds with 80 % power, given the observed standard
 * error. It is se times the noncentrality at which the noncentral t distribution has that power.
 */
export function detectableGain(se: number, degreesOfFreedom: number, level: number): number {
  const key = `${degreesOfFreedom} ${level}`;
  const noncentrality = known.get(key) ?? noncentralityOf(degreesOfFreedom, level);
  known.set(key, noncentrality);
  return se * noncentrality;
}

/** A table has few distinct values, and computing one is slow for few degrees of freedom. */
const known = new Map<string, number>();

function noncentralityOf(degreesOfFreedom: number, level: number): number {
  let [low, high] = [0, 1];
  while (testPower(high, degreesOfFreedom, level) < 0.8) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (testPower(middle, degreesOfFreedom, level) < 0.8) low = middle;
    else high = middle;
  }
}

/**
 * P(|T| > c), where T = (Z + noncentrality) / s is noncentral t, s^2 = chi^2 / df, and c is the critical value of the
 * two-sided test at this level. It is the mean over s of P(Z > c s - noncentrality) + P(Z < -c s - noncentrality). For
 * infinite df, s is 1.
 */
export function testPower(noncentrality: number, degreesOfFreedom: number, level: number): number {
  const critical = criticalValue(level, degreesOfFreedom);
  const given = (s: number) => normalBelow(noncentrality - critical * s) + normalBelow(-noncentrality - critical * s);
  if (degreesOfFreedom > 1e8) return given(1);
  // s = exp(u) has the density exp(df (u - (e^2u - 1) / 2)) up to a constant, which the same sum gives. The integrand
  // is smooth and decays on both sides. So the error is below rounding when the step is a quarter of its narrowest
  // part: the density, or the rise of `given` where critical * s passes the noncentrality.
  const step = Math.min(1 / Math.sqrt(2 * degreesOfFreedom), 1 / noncentrality) / 4;
  let [sum, weights] = [0, 0];
  for (const direction of [-1, 1]) {
    for (let index = direction === 1 ? 0 : 1; ; index++) {
      const u = direction * index * step;
      const weight = Math.exp(degreesOfFreedom * (u - Math.expm1(2 * u) / 2));
      if (weight < 1e-18) break;
      sum += weight * given(Math.exp(u));
      weights += weight;
    }
  }
  return sum / weights;
}
