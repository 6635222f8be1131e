// Is the budget that `ple data inspect --write` gives small tables enough? Makes tables of 100 to 3,000 rows with a
// known noise floor, and prints for each budget the share of tasks whose error (NMSE, 1 - AUC) on 2,000 further rows is
// at most 10 % above the best budget's: npm run study:small-tables A smaller budget is the beginning of a larger one's
// training, so each model is trained once, with the largest.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkedConfig } from '../src/cli/input/config-file.js';
import type { Experiment } from '../src/config/experiment.js';
import { startingConfig } from '../src/data/guess/table-starting-config.js';
import { textTable } from '../src/report/text-table.js';
import { type Random, randomFromSeed } from '../src/support/random.js';
import type { EpochRecord } from '../src/training/epoch-record.js';
import { createEvaluator, validationMetrics } from '../src/training/evaluation.js';
import { selectedOver, unitsIn } from '../src/training/result.js';
import { prepare, train } from '../src/training/run.js';
import { evaluatedValues } from '../src/training/step.js';
import { wordsOf } from './usage.js';

wordsOf('Usage: npm run study:small-tables', {});

const models = [
  { type: 'single-task', levels: [[64], [32]], tower: [16] },
  { type: 'hard-sharing', levels: [[64]], tower: [32, 16] },
];
const budgets = ['epochs 200, patience 10', 'a quarter of what is written', 'what is written', 'twice that'];
const found: number[][] = []; // of each task of a model on a table, the errors by budget
const folder = mkdtempSync(join(tmpdir(), 'ple-small-'));
for (let t = 0; t < 40; t++) await study(`t${t}`, randomFromSeed(1).stream(`table/${t}`));
rmSync(folder, { recursive: true });
const lines = budgets.map((budget, b) => {
  const near = found.filter((errors) => (errors[b] ?? Number.NaN) <= 1.1 * Math.min(...errors)).length;
  return [budget, `${near} of ${found.length}`, `${((100 * near) / found.length).toFixed(0)} %`];
});
process.stdout.write(textTable(['budget', 'within 10 % of the best', 'share'], lines));

async function study(name: string, random: Random) {
  const rows = Math.round(100 * 30 ** random.uniform());
  const { types, table } = madeTable(random);
  const [path, test] = [join(folder, `${name}.csv`), join(folder, `${name}-test.csv`)];
  writeFileSync(path, table(rows));
  writeFileSync(test, table(2000));
  const { compare: _, ...config } = parse(await startingConfig(path, { test }));
  const dataset = { ...config.dataset, cache: join(folder, 'cache') };
  for (const model of models.slice(0, types)) {
    const text = JSON.stringify({ ...config, model, dataset, engine: { threads: 1 } });
    const experiment = await checkedConfig(text, name, []);
    const { epochs, earlyStopping } = experiment.train;
    const times = (factor: number) => [factor * epochs, factor * (earlyStopping.patience ?? epochs)].map(Math.ceil);
    const runs = await learnt(withBudget(experiment, times(2)));
    const tried = [[200, 10], times(1 / 4), times(1), times(2)];
    const errors = tried.map((budget) => errorsOf(withBudget(experiment, budget), runs));
    for (let task = 0; task < types; task++) found.push(errors.map((of) => of[task] ?? Number.NaN));
    console.error(`${name}: ${rows} rows, ${model.type}, ${runs.records.length} epochs`);
  }
}

function withBudget(experiment: Experiment, [epochs = 0, patience = 0]: readonly number[]): Experiment {
  const { train } = experiment;
  return { ...experiment, train: { ...train, epochs, earlyStopping: { ...train.earlyStopping, patience } } };
}

/** Trains a model. Gives its epochs, and by epoch that was the best so far the errors on the test rows. */
async function learnt(experiment: Experiment) {
  const setup = await prepare(experiment, { on: () => undefined });
  const { engine, model, dataset, batchSize, parameters } = setup;
  const start = Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value]));
  const evaluator = await createEvaluator(engine, model, start, dataset, batchSize);
  const records: EpochRecord[] = [];
  const errors = new Map<number, readonly number[]>();
  for await (const record of train(setup)) {
    if (record.kind === 'epoch') records.push(record.record);
    if (record.kind !== 'epoch' || !record.improved) continue;
    const values = evaluatedValues((await record.snapshot()).state, Object.keys(parameters));
    const evaluation = evaluator.evaluate(values, 'test');
    let next = await evaluation.next();
    while (!next.done) next = await evaluation.next();
    const metrics = Object.values(validationMetrics(dataset, next.value));
    const error = metrics.map(({ nmse, auc }) => Number(nmse ?? 1 - Number(auc)));
    errors.set(record.record.epoch, error);
  }
  await evaluator.release();
  return { records, errors };
}

/** Of each task, at the epoch that validation chooses. */
function errorsOf(experiment: Experiment, { records, errors }: Awaited<ReturnType<typeof learnt>>): number[] {
  const { tasks, model, train } = experiment;
  const alone = model.type === 'single-task';
  const within = records.slice(0, train.epochs);
  const best = unitsIn(records, experiment, alone).map((unit) => selectedOver(unit, within, train).bestEpoch);
  return tasks.map((_, t) => errors.get(best[alone ? t : 0] ?? 0)?.[t] ?? Number.NaN);
}

/** CSV of tables of one process: numbers, some of them skewed, texts, and one or two labels, numbers or 0 and 1. */
function madeTable(random: Random) {
  const sizes = (most: number) => Array.from({ length: random.below(most + 1) }, () => 3 + random.below(10));
  const [numbers, texts] = [[1, 12, ...sizes(6)], sizes(3)]; // a size of more than 9: skewed
  const labels = Array.from({ length: 1 + random.below(2) }, () => ({
    isBinary: random.below(2) === 1,
    noise: 0.001 * 500 ** random.uniform(), // part of the label's variance: the least possible NMSE
    effect: effect(),
  }));
  const common = effect();
  function effect() {
    const slopes = numbers.map(() => [random.normal(), random.below(2) * random.normal()] as const);
    const levels = texts.map((size) => Array.from({ length: size }, () => random.normal()));
    const size = Math.sqrt(1.2 * numbers.length + texts.length + 1);
    return (x: readonly number[], c: readonly number[]) =>
      slopes.reduce((sum, [line, wave], i) => sum + line * (x[i] ?? 0) + wave * Math.sin(2 * (x[i] ?? 0)), 0) / size +
      levels.reduce((sum, level, i) => sum + (level[c[i] ?? 0] ?? 0), (x[0] ?? 0) * (x[1] ?? 0)) / size;
  }
  const row = () => {
    const [x, c] = [numbers.map(() => random.normal()), texts.map((size) => random.below(size))];
    const outcomes = labels.map(({ isBinary, noise, effect }) => {
      const signal = Math.SQRT1_2 * (common(x, c) + effect(x, c));
      const value = Math.sqrt(1 - noise) * signal + Math.sqrt(noise) * random.normal();
      return isBinary ? Number(value > 0) : (100 + 15 * value).toFixed(3);
    });
    const cells = numbers.map((kind, i) => (kind > 9 ? Math.exp(x[i] ?? 0) : (x[i] ?? 0)).toPrecision(6));
    return [...cells, ...c.map((level) => `level ${level}`), ...outcomes].join(',');
  };
  const header = Object.entries({ x: numbers, c: texts, y: labels }).flatMap(([name, all]) =>
    all.map((_, i) => name + (i + 1)),
  );
  const table = (rows: number) => [header.join(','), ...Array.from({ length: rows }, row), ''].join('\n');
  return { types: labels.length, table };
}
