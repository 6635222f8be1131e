import { expect, test } from 'vitest';
import { singleRun } from '../charts/charted-runs.js';
import { lossWeights } from '../charts/loss-weights.js';
import { runFixture } from '../report.fixture.js';
import { runPage } from './run-page.js';

const plainText = (markup: string) => markup.replace(/<[^>]*>/g, '').replace(/[\s\u00a0]+/g, ' ');

test('diagnostics are drawn, and tell by how much losses rise without an expert', async () => {
  const run = await runFixture({ seeds: 1, rows: 50, epochs: 3 });
  const tasks = ['income', 'never-married'] as const;
  const looked = { gates: [], deadUnits: {}, deadExperts: [] };
  const withoutExpert = {
    rows: 100,
    tasks: { income: 0.5, 'never-married': null },
    experts: [{ level: 1, expert: 'shared/0', tasks: { income: 0.6, 'never-married': null } }],
  };
  const diagnosed = {
    ...run,
    result: { ...run.result, diagnostics: { ...looked, withoutExpert } },
    epochs: run.epochs.map((epoch) => ({ ...epoch, diagnostics: { ...looked, cosines: [{ tasks, cosine: -0.5 }] } })),
  };
  expect(lossWeights(singleRun(run))).toEqual([]);
  expect(lossWeights(singleRun(diagnosed)).map(({ id }) => id)).toEqual(['cosines']);
  expect(plainText(runPage(run, 'ple', []))).not.toContain('Without one expert');
  expect(plainText(runPage(diagnosed, 'ple', []))).toContain(`${run.result.model}1shared/0+20.0 %–`);
});
