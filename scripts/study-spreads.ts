/**
 * How much do models differ in the spread of their runs? Reads finished comparisons:
 *
 *     npm run study:spreads -- runs/NAME …
 *
 * For each task: the largest standard deviation over the smallest, of the models of a table (the median of tables); the same where all models have
 * one spread, simulated; and the spread of spreads that is left: the factor by which a model's standard deviation typically differs from the geometric
 * mean, from the variance of log s^2 within tables less trigamma(d / 2), d = runs - 1 (Smyth 2004, section 6.2).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import trigamma from '@stdlib/math-base-special-trigamma';
import type { Comparison } from '../src/comparison/comparison.js';
import { mean, standardDeviation } from '../src/comparison/statistics/moments.js';
import { textTable } from '../src/report/text-table.js';
import { randomFromSeed } from '../src/support/random.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run study:spreads -- FOLDER…';
const { positionals } = wordsOf(usage, { allowPositionals: true });
if (positionals.length === 0) refuse(usage, 'Give folders of comparisons.');

const random = randomFromSeed(1).stream('spreads');
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const ratio = (deviations: readonly number[]) => Math.max(...deviations) / Math.min(...deviations);

function simulatedRatio(models: number, runs: number): number {
  const one = () => standardDeviation(Array.from({ length: runs }, () => random.normal()));
  return median(Array.from({ length: 2001 }, () => ratio(Array.from({ length: models }, one))));
}

const lines = positionals.flatMap((folder) => {
  const { name, rows, tasks, seeds }: Comparison = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
  const points = [...new Set(rows.map(({ axis }) => JSON.stringify(axis)))];
  return tasks.map((task) => {
    const found = points.map((point) =>
      rows
        .filter(({ axis }) => JSON.stringify(axis) === point)
        .flatMap((row) => row.tasks[task]?.sd ?? [])
        .filter((sd) => sd > 0),
    );
    const left = found.map((deviations) => {
      const logs = deviations.map((sd) => 2 * Math.log(sd));
      return standardDeviation(logs) ** 2 - trigamma((seeds.length - 1) / 2);
    });
    const models = found[0]?.length ?? 0;
    return [
      ...[name, task, points.length, models, seeds.length],
      ...[median(found.map(ratio)), simulatedRatio(models, seeds.length)].map((value) => value.toFixed(1)),
      Math.exp(Math.sqrt(Math.max(0, mean(left))) / 2).toFixed(2),
    ];
  });
});
console.log(
  textTable(
    ['comparison', 'task', 'tables', 'models', 'runs', 'largest / smallest', 'of equal spreads', 'factor left'],
    lines,
  ),
);
