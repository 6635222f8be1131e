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
});
