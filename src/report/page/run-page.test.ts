import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { runPage } from './run-page.js';

const textOf = (markup: string) => markup.replace(/<[^>]*>/g, '').replace(/[\s\u00a0]+/g, ' ');

test('a run’s page has its metrics on both splits, its notes, its config and its command', async () => {
  const data = await reportFixture({ seeds: 1, rows: 50, epochs: 3 });
  const [run] = data.runs.values();
  if (!run) throw new Error('no run');
  const page = runPage(run, 'ple train --config a.yaml', []);
  const { income } = run.result.tasks;
  expect(textOf(page)).toContain(`single-task, seed 1: AUC ${Number(income?.test.auc).toFixed(5)} on income`);
  for (const split of ['test', 'validation'] as const)
    expect(page).toContain(
      `>${split}</td><td class="number" data-label="auc">${Number(income?.[split].auc).toFixed(5)}</td>`,
    );
  expect(page).toContain('>ple train --config a.yaml</pre>');
  expect(page).toContain('learningRate: 0.001');
  const ownBest = { epoch: 2, validation: { auc: 0.91 }, test: { auc: 0.92 } };
  const tasks = Object.fromEntries(Object.entries(run.result.tasks).map(([name, own]) => [name, { ...own, ownBest }]));
  const other = runPage({ ...run, result: { ...run.result, ended: 'limit', tasks } }, '', []);
  expect(other).toMatch(/<div class="notes" role="note"><p>The run ended at its limit of 3 epochs/);
  const useless = { ...income, type: 'binary', test: { auc: 0.5, aucInterval: [0.4, 0.6] as const }, validation: {} };
  const poor = runPage({ ...run, result: { ...run.result, tasks: { income: useless } } }, '', []);
  expect(textOf(poor)).toMatch(
    /income\S+ the model does not predict it better than its mean \(AUC 0\.500, 95 % interval 0\.400 to 0\.600\)\./,
  );
  expect(textOf(page)).not.toContain('better than its mean');
  expect(textOf(other)).toContain('never-marriedtest, own best epoch 20.92000');
});
