import { expect, test } from 'vitest';
import type { Comparison, Gain, ModelSearch } from '../comparison/comparison.js';
import { must } from '../support/must.js';
import { explanations, legend, protocol } from './explain.js';
import { comparisonOf, everyModel, everyVerdict } from './report.fixture.js';
import { comparisonPoints } from './shown-gains.js';

function explained(changes: Partial<Comparison> = {}): string {
  const comparison = { ...everyVerdict, ...changes };
  return comparisonPoints(comparison)
    .flatMap((point) => explanations(comparison, point))
    .join('\n');
}

test.each([
  [
    'independent',
    3.5,
    'that of Behrens and Fisher: two samples of runs, with run variances squeezed (each drawn towards that of all models; Smyth 2004)',
  ],
  ['splits', 0, 'a paired t test over splits of one file, corrected for their overlap (Nadeau and Bengio 2003)'],
  [null, 0, 'a z test per gain'],
] as const)('the test is named, with its adjustment and level: %s, %d', (design, priorDegreesOfFreedom, words) => {
  const uncertainty = design === null ? 'rows' : 'seeds';
  const models = everyVerdict.models.map((model) => ({ ...model, design }));
  const text = explained({ models, uncertainty, test: { priorDegreesOfFreedom, drawn: null, level: 0.0196 } });
  expect(text).toContain(
    `The test is ${words}. p is adjusted by Holm's method over 14 gains of the table; below 0.0196 a gain`,
  );
  expect(text).toContain('Contrasts are a family of their own.');
  expect(text).toContain(
    'Intervals have 98 % confidence. An interval beside a gain covers that gain alone; simultaneous ones cover all 14',
  );
  expect(explained(comparisonOf(everyModel))).not.toContain('Contrasts');
});

test('what errors cover is said, and whether rows or groups are drawn', () => {
  expect(explained()).toContain('Errors cover training noise only, not the choice of test rows.');
  expect(explained({ uncertainty: 'rows' })).toContain('the choice of test rows only, not training noise');
  const text = explained({ uncertainty: 'both', test: { ...everyVerdict.test, drawn: 'groups' } });
  expect(text).toMatch(
    /The error over test rows is that of their groups \(users\)\.[\s\S]*cover training noise and the choice of test rows\./,
  );
});

test('parameters, and several networks of one model, are explained where they need it', () => {
  const [first, ...others] = everyVerdict.models;
  const model = { ...must(first, 'model'), parameters: { network: 90, embedding: 8 }, networks: 2 };
  const comparison = { ...everyVerdict, models: [model, ...others] };
  const words = 'Parameters include embeddings; gains.csv has both apart. x2: two networks of one joint model';
  expect(explained(comparison)).toContain(words);
  expect(legend(comparison, comparisonPoints(comparison))).toContain(words);
  const plain = everyVerdict.models.map((one) => ({ ...one, parameters: null }));
  expect(explained({ models: plain })).not.toMatch(/Parameters include|x2:/);
});

test('of one seed nothing is said of tests, intervals or errors', () => {
  const untested = { se: null, low: null, high: null, simultaneous: null, p: null, pHolm: null };
  const none = { margin: null, pEquivalent: null, pNotInferior: null };
  const gains = comparisonOf(everyModel).gains.map((gain): Gain => ({ ...gain, ...untested, ...none }));
  const text = explained({ seeds: [7], gains });
  expect(text).toBe(
    [
      "Gains are over single-task, as means over 1 seed. Above 0 is better. Relative gains are in percent of single-task's metric.",
      "Δm is the mean over tasks of gain / single-task's metric.",
      'Parameters include embeddings; gains.csv has both apart.',
    ].join('\n'),
  );
});

/** Each candidate: a learning rate, and the tasks that chose it. */
const modelSearch = (
  label: string,
  ...candidates: readonly (readonly [rate: number, chosenFor: readonly string[]])[]
): ModelSearch => ({
  ...{ label, point: {}, groups: [['a', 'b']] },
  candidates: candidates.map(([rate, chosenFor]) => ({
    values: { 'train.optimizer.learningRate': rate, 'model.tower': [8] },
    ...{ runs: [], chosenFor },
  })),
});
const models = [
  modelSearch('single-task', [0.1, ['a']], [0.2, ['b']]),
  modelSearch('m', [0.1, []], [0.2, ['a', 'b']], [0.3, []]),
];

test('of models that keep their last epoch: the rows and the passes', () => {
  const protocolOf = (passes: number) => {
    const trained = { ...everyVerdict, trained: [{ point: {}, rows: 199_523, passes }] };
    return protocol(trained, must(comparisonPoints(trained)[0], 'point'));
  };
  expect(protocolOf(1)).toContain('Models were trained for one pass over 199,523 rows.');
  expect(protocolOf(4)).toContain('Models were trained for 4 passes over 199,523 rows.');
});

test.each([
  [models, 'Search: 2 to 3 combinations in each of 2 searches, 5 runs.'],
  [
    [...models, ...models.map((model) => ({ ...model, point: { correlation: 1 } }))],
    'Search: 2 to 3 combinations in each of 4 searches, 10 runs.',
  ],
])('searches of different sizes are counted, over all points of the axes', (models, counted) => {
  const search: Comparison = { ...everyVerdict, search: { type: 'random', seeds: [7], models } };
  expect(protocol(search, must(comparisonPoints(search)[0], 'point'))).toContain(
    `${counted} The best mean validation score chooses.`,
  );
});

test('sizes say to what they are matched', () => {
  const match = { levels: [[8]], tower: [], factor: 1, network: 101, miss: 1 };
  const models = everyVerdict.models.map((model) => ({
    ...model,
    match,
    parameters: { embedding: 0, network: model.label === 'single-task' ? 100 : 101 },
  }));
  const said = (all: Comparison['models']) => {
    const comparison = { ...everyVerdict, models: all };
    return protocol(comparison, must(comparisonPoints(comparison)[0], 'point'))[0];
  };
  expect(said(models)).toBe("All networks have 100 to 101 parameters. They are matched to single-task's 100.");
  expect(said(models.map((model) => ({ ...model, match: { ...match, miss: 2 } })))).toContain('matched to 99.');
  expect(said(models.map(({ match: _, ...model }) => model))).toBe('All networks have 100 to 101 parameters.');
});
