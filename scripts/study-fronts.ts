/**
 * Do the words *seesaw* and *repaired* keep their level, and what do they find? Makes tables without training, of a
 * baseline and four models under five seeds, one with a front of 1, 3 or 7 loss weights, and has the program test them:
 *
 *     npm run study:fronts [-- --tables 1000]
 *
 * Effects are in standard errors of a gain (two standard deviations of a run, over the root of 2 times 5); the margin is
 * three of them. The model's own weight is the middle one.
 */
import type { ComparisonRow } from '../src/comparison/comparison.js';
import { buildEntry, evaluatedRun, plainOptions } from '../src/comparison/gains/evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from '../src/comparison/gains/summarize.js';
import type { Entry } from '../src/comparison/stored/entry.js';
import { textTable } from '../src/report/text-table.js';
import { type Random, randomFromSeed } from '../src/support/random.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run study:fronts [-- --tables N]';
const { values } = wordsOf(usage, { options: { tables: { type: 'string' } } });
const tables = Number(values.tables ?? 1000);
if (!Number.isInteger(tables) || tables < 1) refuse(usage, 'Give a number of tables.');

const seeds = 5;
/** Standard deviation of a run's metric, and the standard error of a gain. */
const deviation = 0.001;
const error = deviation * Math.sqrt(2 / seeds);
const margin = 3;

type Effect = readonly [y1: number, y2: number];

interface Scenario {
  readonly name: string;
  /** @param place of the weight, from the own one: 0, -1, 1, … */
  readonly effect: (place: number) => Effect;
}

const scenarios: readonly Scenario[] = [
  // Without one of its weights, which makes no task worse, it would be a seesaw.
  { name: 'no seesaw: nothing lost at one weight', effect: (place) => [place === 0 ? 0 : -8, 8] },
  { name: 'no seesaw: nothing lost at any weight', effect: () => [0, 8] },
  { name: 'no repair: worse by the margin', effect: (place) => [place === 0 ? -8 : -margin, 8] },
  { name: 'no repair: nothing gained', effect: (place) => (place === 0 ? [-8, 8] : [0, 0]) },
  ...[3, 5].map(
    (size): Scenario => ({ name: `seesaw: ${size} errors lost at every weight`, effect: () => [-size, 8] }),
  ),
  ...[5, 8].map(
    (size): Scenario => ({
      name: `repaired: ${size} errors gained on both at one weight`,
      effect: (place) => (place === 1 ? [size, size] : [-8, 8]),
    }),
  ),
];

const options: SummaryOptions = {
  name: 'fronts',
  baseline: 'alone',
  uncertainty: 'seeds',
  ...plainOptions(seeds),
  margins: { auc: { absolute: margin * error } },
  tasks: ['y1', 'y2'].map((name) => ({ name, type: 'binary' as const })),
};
const key = 'loss.weights.y2.initial';

function model(label: string, effect: Effect, random: Random, weight?: number): Entry {
  const runs = Array.from({ length: seeds }, (_, seed) => {
    const auc = (size: number) => ({ auc: 0.7 + size * error + deviation * random.normal() });
    const tasks = { y1: { type: 'binary', test: auc(effect[0]) }, y2: { type: 'binary', test: auc(effect[1]) } };
    return evaluatedRun(`${label}-${weight ?? 'own'}-${seed}`, tasks);
  });
  return { ...buildEntry(label, runs), ...(weight === undefined ? {} : { values: { [key]: weight } }) };
}

async function verdictOf(
  { effect }: Scenario,
  weights: number,
  random: Random,
): Promise<ComparisonRow['verdict'] | undefined> {
  const others = ['second', 'third', 'fourth'].map((label) => model(label, [0, 0], random));
  const places = Array.from({ length: weights }, (_, index) => index - Math.floor(weights / 2));
  const own = model('shared', effect(0), random);
  const front = places.map((place) =>
    place === 0 ? { ...own, values: { [key]: 1 } } : model('shared', effect(place), random, 2 ** place),
  );
  const { rows } = await summarize(
    [model('alone', [0, 0], random), own, ...others, ...(weights > 1 ? front : [])],
    options,
  );
  return rows.find(({ label }) => label === 'shared')?.verdict;
}

const random = randomFromSeed(1).stream('fronts');
const cells = scenarios.flatMap((scenario) => [1, 3, 7].map((weights) => ({ scenario, weights })));
const shown: string[][] = [];
for (const { scenario, weights } of cells) {
  // With one weight nothing can be repaired.
  if (weights === 1 && /repair/.test(scenario.name)) continue;
  process.stderr.write(`${scenario.name}, ${weights}\n`);
  const stream = random.stream(`${scenario.name} ${weights}`);
  let [seesaw, repaired] = [0, 0];
  for (let index = 0; index < tables; index++) {
    const verdict = await verdictOf(scenario, weights, stream);
    seesaw += Number(verdict === 'seesaw') / tables;
    repaired += Number(verdict === 'repaired') / tables;
  }
  shown.push([scenario.name, String(weights), seesaw.toFixed(3), repaired.toFixed(3)]);
}
console.log(`Of ${tables} tables a row, the share with each word\n`);
console.log(textTable(['truth', 'weights', 'seesaw', 'repaired'], shown));
