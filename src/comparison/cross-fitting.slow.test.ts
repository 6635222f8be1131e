import { expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { choiceVariance } from './gains/gains.js';
import type { MeasuredModel } from './gains/measured-model.js';
import { bestValues } from './search.js';
import { pAtLeast, pAtMost } from './statistics/best-settings.js';
import { twoSidedP } from './statistics/estimate-error.js';
import { mean, sampleVariance } from './statistics/variances.js';
import { keptSettings } from './stored/kept-settings.js';

const tables = 1000;
/** Three standard errors of an error of .055 above it. */
const limitOf = (count: number) => 0.055 + 3 * Math.sqrt((0.055 * 0.945) / count);
const settings = [0, 1, 2, 3];
const random = randomFromSeed(1);
const model: MeasuredModel = { label: 'm', type: 'm', point: {}, folders: [], runs: [], decided: { mixed: ['y'] } };

/** Scores of a model whose settings are equal in truth: [setting][seed]. A part of each seed is common to its settings. */
function drawScores(seeds: number, common: number): number[][] {
  const shared = Array.from({ length: seeds }, () => random.normal());
  return settings.map(() => shared.map((part) => Math.sqrt(common) * part + Math.sqrt(1 - common) * random.normal()));
}

/** What each seed is judged at, where the others choose, and whether all chose one setting. */
function crossFitted(scores: readonly (readonly number[])[]) {
  const run = (score = 0) => ({ tasks: { y: { type: 'regression', validation: { nmse: Math.exp(-score / 100) } } } });
  const seeds = (scores[0] ?? []).map((_, seed) => seed);
  const chosen = seeds.map((seed) => {
    const others = seeds.filter((other) => other !== seed);
    const tried = settings.map((setting) => ({
      values: { setting },
      results: others.map((other) => run(scores[setting]?.[other])),
    }));
    return Number(bestValues(tried, [['y']])[0]?.['setting']);
  });
  return { values: seeds.map((seed) => scores[chosen[seed] ?? 0]?.[seed] ?? 0), isMixed: new Set(chosen).size > 1 };
}

function meanError(values: readonly number[], ofChoice = 0) {
  const runs = values.length;
  const variance = sampleVariance(values);
  return variance && { ...variance, variance: variance.variance * (1 / runs + ofChoice), runs };
}

/** Best against best, two-sided; validation has the scores that the test has. */
function pBest(
  one: readonly (readonly number[])[],
  other: readonly (readonly number[])[],
  design: 'draws' | 'independent',
) {
  const kept = (scores: readonly (readonly number[])[]) => {
    const candidates = scores.map((ofSetting, setting) => ({
      values: { setting },
      chosenFor: [],
      runs: ofSetting.map((y, seed) => ({ ...{ seed, path: '', epochs: 1, trained: true }, scores: { y } })),
    }));
    const [group] = keptSettings({ label: 'm', point: {}, groups: [['y']], candidates });
    return group?.candidates.map(({ values }) => scores[Number(values['setting'])] ?? []) ?? [];
  };
  const pairs = kept(one).map((ofModel) =>
    kept(other).map((ofReference) => {
      const gains = ofModel.map((value, seed) => value - (ofReference[seed] ?? 0));
      const errors = design === 'draws' ? [meanError(gains)] : [meanError(ofModel), meanError(ofReference)];
      return { gain: mean(gains), error: { estimated: errors.flatMap((error) => error ?? []), known: 0 } };
    }),
  );
  const sides = { pairs, model: 'best', reference: 'best' } as const;
  return Math.min(1, 2 * Math.min(pAtMost(0, sides), pAtLeast(0, sides)));
}

test('between models and settings that are equal in truth, best against best keeps the level; a corrected variance keeps it of draws alone, and Student’s t does not', () => {
  const [seeds, halves] = [20, 0.5];
  let [plain, corrected, best] = [0, 0, 0];
  for (let table = 0; table < tables; table++) {
    const [one, other] = [drawScores(seeds, halves), drawScores(seeds, halves)];
    const [ofOne, ofOther] = [crossFitted(one), crossFitted(other)];
    const gains = ofOne.values.map((value, seed) => value - (ofOther.values[seed] ?? 0));
    const isFound = (ofChoice: number) => {
      const error = meanError(gains, ofChoice);
      return error !== null && twoSidedP(mean(gains), { estimated: [error], known: 0 }) < 0.05;
    };
    const isMixed = ofOne.isMixed || ofOther.isMixed;
    plain += Number(isFound(0)) / tables;
    corrected += Number(isFound(isMixed ? choiceVariance([model], undefined, seeds) : 0)) / tables;
    best += Number(pBest(one, other, 'draws') < 0.05) / tables;
  }
  expect(plain).toBeGreaterThan(0.1);
  expect(corrected).toBeLessThan(0.06);
  expect(best).toBeLessThan(limitOf(tables));
});

test.each([4, 5, 10])(
  'of independent runs best against best keeps the level at %i seeds, and finds a gain of six standard errors',
  (seeds) => {
    const [few, effect] = [300, 6 * Math.sqrt(2 / seeds)];
    let [wrong, found] = [0, 0];
    for (let table = 0; table < few; table++) {
      const [one, other] = [drawScores(seeds, 0), drawScores(seeds, 0)];
      wrong += Number(pBest(one, other, 'independent') < 0.05) / few;
      const better = one.map((ofSetting) => ofSetting.map((score) => score + effect));
      found += Number(pBest(better, other, 'independent') < 0.05) / few;
    }
    expect(wrong).toBeLessThan(limitOf(few));
    expect(found).toBeGreaterThan(0.6);
  },
);
