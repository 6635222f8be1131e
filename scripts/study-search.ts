/**
 * Does successive halving find better values than a grid for the same budget? Both search learning rate and dropout of three models on
 * Census-Income, again and again with other seeds, and the values that they choose are trained once more:
 *
 *     npm run study:search -- --data DIR [--repeats 5 --methods grid,halving --jobs 2 --runs runs]
 *
 * DIR holds the files of Census-Income. A call that was interrupted goes on where it stopped. Words such as train.epochs=2 change the config.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Comparison } from '../src/comparison/comparison.js';
import { twoSidedP } from '../src/comparison/statistics/behrens-fisher.js';
import { mean, standardDeviation } from '../src/comparison/statistics/moments.js';
import { readComparison } from '../src/comparison/stored/stored-runs.js';
import { bestFound, commonBudget, foundWithin } from '../src/report/search.js';
import { textTable } from '../src/report/text-table.js';
import { must } from '../src/support/must.js';
import { refuse, wordsOf } from './usage.js';

const usage =
  'Usage: npm run study:search -- --data DIR [--repeats N --methods grid,random,halving --jobs N --runs DIR] [key.path=value …]';
const { values: given, positionals: overrides } = wordsOf(usage, {
  options: {
    ...{ data: { type: 'string' }, repeats: { type: 'string', default: '5' }, jobs: { type: 'string', default: '2' } },
    ...{ methods: { type: 'string', default: 'grid,halving' }, runs: { type: 'string', default: 'runs' } },
  },
  allowPositionals: true,
});
const repeats = Number(given.repeats);
if (given.data === undefined) refuse(usage, 'Name the folder of Census-Income: --data DIR.');
if (!Number.isInteger(repeats) || repeats < 1) refuse(usage, 'Give a number of repeats.');

// The same box. Six combinations of six epochs are 36 epochs; 13 candidates halved after epochs 1 and 3 are 13 x 1 + 6 x 2 + 3 x 3 = 34.
const grid = '{ train.optimizer.learningRate: [0.001, 0.003, 0.01], model.dropout: [0, 0.3] }';
const box = '{ train.optimizer.learningRate: { logUniform: [0.001, 0.01] }, model.dropout: { uniform: [0, 0.3] } }';
const searches = {
  grid: [`compare.tune=${grid}`, 'compare.search={ type: grid }'],
  random: [`compare.tune=${box}`, 'compare.search={ type: random, candidates: 6 }'],
  halving: [`compare.tune=${box}`, 'compare.search={ type: halving, candidates: 13, eta: 2 }'],
};
type Method = keyof typeof searches;
const isMethod = (word: string): word is Method => word in searches;
const methods = given.methods.split(',').filter(isMethod);
if (methods.join() !== given.methods)
  refuse(usage, `--methods: ${given.methods} is no list of ${Object.keys(searches)}.`);

const started = performance.now();
const found = methods.map((method) => ({
  method,
  tables: Array.from({ length: repeats }, (_, index) => tableOf(method, index + 1)),
}));
const minutes = (performance.now() - started) / 60_000;

function tableOf(method: Method, repeat: number): Comparison {
  const name = `study-search-${method}-${repeat}`;
  const words = [
    ...[`name=${name}`, `dataset.path=${given.data}`, 'train.epochs=6', `compare.seeds=[${repeat}]`],
    ...[`compare.tuneSeed=${1000 + repeat}`, 'compare.uncertainty=seeds', ...searches[method], ...overrides],
  ];
  const options = ['--runs', given.runs, '--jobs', given.jobs, '--no-predictions', '--json'];
  const config = 'configs/census-income/search.yaml';
  const { status } = spawnSync(process.execPath, ['bin/ple.js', 'compare', '--config', config, ...options, ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  return readComparison(join(given.runs, name));
}

const [first] = found[0]?.tables ?? [];
const { tasks, rows } = must(first, 'a table');
const labels = rows.map(({ label }) => label);
const searchOf = ({ search }: Comparison, label: string) =>
  must(
    search?.models.find((model) => model.label === label),
    `the search of ${label}`,
  );

/** What is compared: of each repeat a number. */
const measures = [
  { name: 'validation', of: (table: Comparison, label: string) => bestFound(searchOf(table, label)).at(-1)?.best },
  ...tasks.map((task) => ({
    name: `test ${task}`,
    of: (table: Comparison, label: string) => table.rows.find((row) => row.label === label)?.tasks[task]?.mean,
  })),
];
const numbers = (tables: readonly Comparison[], label: string, of: (typeof measures)[number]['of']) =>
  tables.map((table) => of(table, label) ?? Number.NaN);
const withError = (values: readonly number[]) =>
  values.length < 2
    ? mean(values).toFixed(5)
    : `${mean(values).toFixed(5)} ± ${(standardDeviation(values) / Math.sqrt(values.length)).toFixed(5)}`;
const spentOf = (tables: readonly Comparison[], label: string) =>
  mean(tables.map((table) => bestFound(searchOf(table, label)).at(-1)?.spent ?? Number.NaN)).toFixed(1);

const trials = repeats === 1 ? '1 repeat' : `${repeats} repeats, mean ± standard error`;
console.log(
  `Best validation score, and test metrics of the chosen values (${trials}); ${minutes.toFixed(0)} min of this call`,
);
console.log(
  textTable(
    ['model', 'search', 'epochs of single-task', ...measures.map(({ name }) => name)],
    labels.flatMap((label) =>
      found.map(({ method, tables }) => [
        ...[label, method, spentOf(tables, label)],
        ...measures.map(({ of }) => withError(numbers(tables, label, of))),
      ]),
    ),
  ),
);

const [reference, ...others] = found;
if (reference && others.length > 0 && repeats > 1) {
  console.log(`Differences to ${reference.method}, paired by repeat, with the p of a t test (not adjusted)`);
  console.log(
    textTable(
      ['model', 'search', ...measures.map(({ name }) => name)],
      labels.flatMap((label) =>
        others.map(({ method, tables }) => [
          ...[label, method],
          ...measures.map(({ of }) => {
            const before = numbers(reference.tables, label, of);
            return tested(numbers(tables, label, of).map((value, index) => value - (before[index] ?? Number.NaN)));
          }),
        ]),
      ),
    ),
  );
}

function tested(differences: readonly number[]): string {
  const error = standardDeviation(differences) / Math.sqrt(differences.length);
  const runs = differences.length;
  const estimated = [{ variance: error ** 2, degreesOfFreedom: runs - 1, runs, overlap: 0 }];
  const p = error > 0 ? twoSidedP(mean(differences), { estimated, known: 0 }).toFixed(3) : '-';
  return `${withError(differences)} (${p})`;
}

const parts = [0.25, 0.5, 0.75, 1];
console.log(
  'Mean rank of the models by the best found, when a part of the budget that all have spent was spent (1: the best; -: a model had found nothing)',
);
console.log(
  textTable(
    ['search', 'model', ...parts.map((part) => `${100 * part} %`)],
    found.flatMap(({ method, tables }) =>
      labels.map((label) => [...[method, label], ...parts.map((part) => meanRank(tables, label, part))]),
    ),
  ),
);

/** Over the repeats; `-` if in one of them a model has found nothing by then, since there is no order. */
function meanRank(tables: readonly Comparison[], label: string, part: number): string {
  const ranks = tables.map((table) => rankWithin(table, label, part));
  const known = ranks.filter((rank) => rank !== null);
  return known.length < ranks.length ? '-' : mean(known).toFixed(1);
}

function rankWithin(table: Comparison, label: string, part: number): number | null {
  const models = table.search?.models ?? [];
  const budget = part * commonBudget(models);
  const found = models.flatMap((search) => {
    const best = foundWithin(bestFound(search), budget);
    return best === null ? [] : [{ label: search.label, best }];
  });
  const own = found.find((one) => one.label === label);
  return own && found.length === models.length ? 1 + found.filter(({ best }) => best > own.best).length : null;
}
