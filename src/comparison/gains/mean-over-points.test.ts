import { expect, test } from 'vitest';
import { must } from '../../support/must.js';
import { buildEntry, evaluatedRun, plainOptions } from './evaluated-run.fixture.js';
import { summarize } from './summarize.js';

const options = {
  ...{ name: 'c', baseline: 'alone', uncertainty: 'seeds' as const, margins: {} },
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'buy', type: 'binary' },
  ],
};

/** @param values [task][seed] */
function model(label: string, point: number, values: readonly (readonly number[])[]) {
  const [clicks = [], buys = []] = values;
  const runs = clicks.map((click, seed) =>
    evaluatedRun(`${label}-${point}-${seed}`, {
      click: { type: 'binary', test: { auc: click } },
      buy: { type: 'binary', test: { auc: buys[seed] ?? null } },
    }),
  );
  return buildEntry(label, runs, { correlation: point });
}

test('a seed is one number, the mean of its points’ relative gains; Student’s t over seeds', async () => {
  const alone = [
    [0.8, 0.81, 0.79, 0.8],
    [0.6, 0.62, 0.61, 0.61],
  ];
  const ple = [
    [0.83, 0.82, 0.82, 0.84],
    [0.66, 0.63, 0.65, 0.64],
  ];
  const flat = [0.7, 0.7, 0.7, 0.71];
  const entries = alone.flatMap((values, point) => [
    model('alone', point, [values, flat]),
    model('ple', point, [ple[point] ?? [], flat]),
  ]);
  const { means } = await summarize(entries, { ...options, ...plainOptions(4) });
  const click = must(means?.[0]?.tasks['click'], 'mean');
  // Seed by seed: (run - run of the baseline) / mean of the baseline at the point, the mean of both points.
  const bySeed = [0, 1, 2, 3].map(
    (seed) =>
      alone.reduce((sum, own, point) => {
        const level = own.reduce((a, b) => a + b) / 4;
        return sum + (100 * ((ple[point]?.[seed] ?? 0) - (own[seed] ?? 0))) / level;
      }, 0) / 2,
  );
  const mean = bySeed.reduce((a, b) => a + b) / 4;
  const se = Math.sqrt(bySeed.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 3 / 4);
  expect(click.gains.map(({ gain }) => gain)).toEqual(bySeed.map((one) => expect.closeTo(one, 10)));
  expect(click.gain).toBeCloseTo(mean, 10);
  expect(click.se).toBeCloseTo(se, 10);
  expect(click.interval?.[1]).toBeCloseTo(mean + 3.182446305284263 * se, 5); // t of 3 degrees of freedom, 97.5 %
  expect(means?.[0]).toMatchObject({ model: 'ple', reference: 'alone', tasks: { buy: { gain: 0 } } });
});

test('a model keeps its mean where a contrast also compares it with the baseline', async () => {
  const values = [
    [0.8, 0.81, 0.79],
    [0.6, 0.62, 0.61],
  ];
  const entries = [1, 2].flatMap((point) => ['alone', 'ple', 'mmoe'].map((label) => model(label, point, values)));
  const pairs = async (contrasts: readonly (readonly [string, string])[]) => {
    const { means = [] } = await summarize(entries, { ...options, ...plainOptions(3), contrasts });
    return means.map((one) => [one.model, one.reference]);
  };
  const overBaseline = [
    ['ple', 'alone'],
    ['mmoe', 'alone'],
  ];
  expect(await pairs([['ple', 'alone']])).toEqual(overBaseline);
  expect(await pairs([['ple', 'mmoe']])).toEqual([...overBaseline, ['ple', 'mmoe']]);
});
