// Trains single-task and PLE on the same correlated synthetic data, and prints each task's metric and the gain.
// Run by `npm run quickstart`; the runs are kept in runs/.
import { spawnSync } from 'node:child_process';
import { textTable } from '../src/report/text-table.js';
import type { Result } from '../src/training/result.js';

const config = 'configs/quickstart.yaml';
const started = performance.now();
// The baseline: one network per task with the layers of PLE's levels.
const single = train(['name=quickstart-single-task', 'model={ type: single-task, levels: [[64], [64]], tower: [32] }']);
const ple = train([]);

const rows = Object.entries(ple.tasks).map(([task, { test }]) => {
  const [baseline, value] = [mse(single.tasks[task]?.test), mse(test)];
  const gain = baseline - value;
  return [task, baseline.toFixed(5), value.toFixed(5), signed(gain, 5), `${signed((100 * gain) / baseline, 1)} %`];
});
process.stdout.write(
  `\nTest MSE of two regression tasks (${ple.dataset.rows.test} rows), one seed; gain = single-task - PLE, above 0 is better\n\n` +
    `${textTable(['task', 'single-task', 'ple', 'gain', 'relative'], rows)}\n` +
    `${parameters(single)}, ${parameters(ple)}; ${((performance.now() - started) / 1000).toFixed(0)} s. ` +
    'One seed says little: see the README for tables over seeds.\n',
);

function train(overrides: readonly string[]): Result {
  const words = ['bin/ple.js', 'train', '--config', config, '--json', ...overrides];
  const finished = spawnSync(process.execPath, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (finished.status !== 0) process.exit(finished.status ?? 1);
  const result: Result = JSON.parse(finished.stdout);
  return result;
}

function mse(metrics: Result['tasks'][string]['test'] | undefined): number {
  const value = metrics?.mse;
  if (typeof value !== 'number') throw new Error(`${config} has a task without an MSE.`);
  return value;
}

function signed(value: number, digits: number): string {
  return (value >= 0 ? '+' : '') + value.toFixed(digits);
}

function parameters({ model, parameters }: Result): string {
  return `${model} has ${parameters.network} parameters`;
}
