/**
 * How often does a comparison call something better or worse where nothing is? Trains one model under many seeds, draws tables of ten copies
 * and a baseline out of these runs, five seeds each, and tests them as `ple compare` does:
 *
 *     npm run study:null [-- --tables 200 --runs runs]
 *
 * Exits with 1 if the share of tables with any verdict of better or worse is above .07, for errors over seeds or over both.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { summarize } from '../src/comparison/gains/summarize.js';
import type { Entry } from '../src/comparison/gains/task-gain.js';
import { readStoredRuns } from '../src/comparison/stored/stored-runs.js';
import { textTable } from '../src/report/text-table.js';
import { randomFromSeed } from '../src/support/random.js';
import type { FinishedRun } from '../src/training/finished-run.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run study:null [-- --tables N --runs DIR]';
const { values } = wordsOf(usage, { options: { tables: { type: 'string' }, runs: { type: 'string' } } });
const [tables, folder] = [Number(values.tables ?? 200), values.runs ?? 'runs'];
if (!Number.isInteger(tables) || tables < 1) refuse(usage, 'Give a number of tables.');

const [copies, seeds] = [10, 5];
const most = 0.07;
const config = 'configs/control/copies.yaml';

const trained = spawnSync(process.execPath, ['bin/ple.js', 'compare', '--config', config, '--runs', folder, '--json'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (trained.status !== 0) process.exit(trained.status ?? 1);
const runs = readStoredRuns(join(folder, 'control-copies')).flatMap(({ rows }) =>
  rows.flatMap((row) => row.runs.flatMap(({ run }) => (run ? [remembered(run)] : []))),
);

/** A run is drawn for many tables: its predictions are read once. */
function remembered(run: FinishedRun): FinishedRun {
  let predictions: ReturnType<FinishedRun['predictions']> | undefined;
  return {
    ...run,
    predictions() {
      predictions ??= run.predictions();
      return predictions;
    },
  };
}

const random = randomFromSeed(1).stream('null');
const labels = ['baseline', ...Array.from({ length: copies }, (_, index) => `copy ${index + 1}`)];
const [first] = runs;
if (!first || runs.length < labels.length * seeds) refuse(usage, `${folder}/control-copies has too few runs.`);
const { tasks } = first.experiment;

/** A table of runs that no other place of the table has. */
function drawn(): Entry[] {
  const order = Int32Array.from(runs, (_, index) => index);
  random.shuffle(order);
  return labels.map((label, model) => ({
    label,
    type: 'copy',
    point: {},
    runs: Array.from({ length: seeds }, (_, place) => {
      const run = runs[order[model * seeds + place] ?? 0] ?? first;
      if (!run) throw new Error('There are runs.');
      return { seed: place + 1, path: run.path, status: 'done', run };
    }),
  }));
}

const kinds = {
  'seeds, no margin': ['seeds', null],
  both: ['both', undefined],
  'both, no margin': ['both', null],
} as const;
const places = Array.from({ length: seeds }, (_, place) => place + 1);
const counts = Object.keys(kinds).map(() => ({ any: 0, equivalent: 0 }));
for (let table = 0; table < tables; table++) {
  const entries = drawn();
  for (const [index, [uncertainty, margin]] of Object.values(kinds).entries()) {
    const { rows } = await summarize(entries, {
      ...{
        name: 'null',
        baseline: 'baseline',
        tasks,
        metrics: {},
        taskWeights: {},
        contrasts: [],
        axes: {},
        timing: {},
      },
      margins: margin === null ? { auc: null, mse: null } : {},
      seeds: places,
      uncertainty,
      earlierLooks: [],
      look: { seeds, of: places, plan: [seeds], alpha: 0.05, level: 0.05 },
      nextLevel: 0.025,
    });
    if (rows.some(({ verdict }) => verdict === 'not trained to a plateau'))
      throw new Error('A copy is not trained to a plateau: its gains have no verdict, and the table says nothing.');
    const verdicts = rows.flatMap((row) => Object.values(row.tasks).map(({ verdict }) => verdict));
    const count = counts[index];
    if (!count) continue;
    if (verdicts.some((verdict) => verdict === 'better' || verdict === 'worse')) count.any += 1;
    count.equivalent += verdicts.filter((verdict) => verdict === 'equivalent').length / (copies * tasks.length);
  }
  if ((table + 1) % 50 === 0) process.stderr.write(`${table + 1} of ${tables} tables\n`);
}

console.log(
  `${tables} tables of ${copies} copies of one model, ${seeds} seeds each, drawn from ${runs.length} trained runs; ${tasks.length} tasks. Tables share runs, so that shares are less certain than of as many separate ones.\n`,
);
console.log(
  textTable(
    ['errors of', 'tables with any better or worse', 'tasks equivalent'],
    Object.keys(kinds).map((name, index) => {
      const { any, equivalent } = counts[index] ?? { any: 0, equivalent: 0 };
      return [name, (any / tables).toFixed(3), (equivalent / tables).toFixed(3)];
    }),
    [false, true, true],
  ),
);
process.exitCode = counts.every(({ any }) => any / tables <= most) ? 0 : 1;
