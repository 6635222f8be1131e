import { expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { choiceVariance } from './gains/gains.js';
import type { MeasuredModel } from './gains/measured.js';
import { bestValues } from './search.js';
import { twoSidedP } from './statistics/gain-family.js';
import { mean, sampleVariance } from './statistics/variances.js';

const [draws, tables] = [20, 1000];
const settings = [0, 1, 2, 3];
const random = randomFromSeed(1);
const model: MeasuredModel = { label: 'm', type: 'm', point: {}, folders: [], runs: [], decided: { mixed: ['y'] } };

/** A model whose settings are equal in truth: what each draw is judged at, and whether all chose one setting. */
function judged() {
  const scores = Array.from({ length: draws }, () => {
    const ofDraw = random.normal();
    return settings.map(() => Math.SQRT1_2 * (ofDraw + random.normal()));
  });
  const run = (score = 0) => ({ tasks: { y: { type: 'regression', validation: { nmse: Math.exp(-score / 100) } } } });
  const chosen = scores.map((_, draw) => {
    const others = scores.filter((__, other) => other !== draw);
    const tried = settings.map((setting) => ({
      values: { setting },
      results: others.map((ofDraw) => run(ofDraw[setting])),
    }));
    return Number(bestValues(tried, [['y']])[0]?.['setting']);
  });
  return {
    values: scores.map((ofDraw, draw) => ofDraw[chosen[draw] ?? 0] ?? Number.NaN),
    isMixed: new Set(chosen).size > 1,
  };
}

test('between models and settings that are equal in truth, the corrected test keeps the level of .05, and Student’s t does not', () => {
  let [plain, corrected] = [0, 0];
  for (let table = 0; table < tables; table++) {
    const [one, other] = [judged(), judged()];
    const gains = one.values.map((value, draw) => value - (other.values[draw] ?? 0));
    const variance = sampleVariance(gains)?.variance ?? Number.NaN;
    const isFound = (ofChoice: number) => {
      const estimated = [{ variance: variance * (1 / draws + ofChoice), degreesOfFreedom: draws - 1, runs: draws }];
      return twoSidedP(mean(gains), { estimated, known: 0 }) < 0.05;
    };
    const isMixed = one.isMixed || other.isMixed;
    plain += Number(isFound(0)) / tables;
    corrected += Number(isFound(isMixed ? choiceVariance([model], undefined, draws) : 0)) / tables;
  }
  expect(plain).toBeGreaterThan(0.1);
  expect(corrected).toBeLessThan(0.06);
});
