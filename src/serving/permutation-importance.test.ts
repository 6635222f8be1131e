import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import type { TaskScores } from '../metrics/samples.js';
import { must } from '../support/must.js';
import { randomFromSeed } from '../support/random.js';
import { labelledTasks } from './evaluate-rows.js';
import { splitLine, trainedOnMixed } from './mixed-table.fixture.js';
import { permutation, permutationImportance, tally } from './permutation-importance.js';
import { mean, mixedFolder, opened, sum, testLines } from './predict-rows.fixture.js';
import { allScores, scoredRows } from './score-rows.js';

const folder = mixedFolder();
const file = (name: string) => join(folder, name);

async function scored(path: string, data: string, repeats = 0) {
  const { run, engine, rows } = await opened(path, data);
  try {
    const { labelled } = labelledTasks(run, rows);
    const scores = await allScores(rows.dataset, scoredRows(run, rows.dataset, engine), () => undefined);
    const shares: number[] = [];
    const importance =
      repeats === 0
        ? {}
        : await permutationImportance(run, rows.dataset, engine, scores, labelled, repeats, (share) =>
            shares.push(share),
          );
    return { scores, importance, shares };
  } finally {
    await rows.release();
  }
}

/** The area under the ROC curve by all pairs of rows. */
function area({ logits, labels, mask }: TaskScores): number {
  const of = (label: number) => [...logits].filter((_, row) => labels[row] === label && (mask[row] ?? 0) > 0);
  return mean(of(1).flatMap((one) => of(0).map((zero) => (one > zero ? 1 : one === zero ? 0.5 : 0))));
}

test('it is what the area and the error lose on a file whose column was permuted: numbers, hashed ids, texts, lists', async () => {
  const tasks =
    '[{ name: click, type: binary }, { name: buy, type: binary }, { name: spend, type: regression }, { name: plan, type: multiclass }]';
  const path = await trainedOnMixed(folder, tasks, '{ type: hard-sharing, levels: [[6]], tower: [4] }');
  const repeats = 2;
  const { scores, importance, shares } = await scored(path, file('test.csv'), repeats);
  expect(Object.keys(importance)).toEqual(['click', 'buy', 'spend', 'plan']);
  expect(Object.values(importance).map(({ metric }) => metric)).toEqual(['auc', 'auc', 'mse', 'macroAuc']);
  expect(shares.at(-1)).toBe(1);
  const { names, lines } = testLines(folder);
  const squaredError = ({ logits, labels, mask }: TaskScores, { offset, scale }: Pick<Task, 'offset' | 'scale'>) =>
    mean(
      [...logits].flatMap((logit, row) =>
        (mask[row] ?? 0) > 0 ? (scale * logit + offset - (labels[row] ?? 0)) ** 2 : [],
      ),
    );
  const spend = must((await opened(path, file('test.csv'))).rows.dataset.tasks[2], 'spend');
  const inputs = importance['click']?.inputs.map(({ input }) => input) ?? [];
  expect(inputs.toSorted()).toEqual(['age', 'city', 'day', 'income', 'tags', 'user']);
  for (const input of inputs) {
    const at = names.indexOf(input);
    const losses = { click: 0, buy: 0, spend: 0 };
    for (let repeat = 0; repeat < repeats; repeat++) {
      const order = permutation(input, repeat, lines.length);
      expect([...order].toSorted((a, b) => a - b)).toEqual([...lines.keys()]);
      const moved = lines.map((line, row) =>
        splitLine(line)
          .map((cell, place) => (place === at ? (splitLine(lines[order[row] ?? 0] ?? '')[at] ?? '') : cell))
          .join(','),
      );
      writeFileSync(file('moved.csv'), `${[names.join(), ...moved].join('\n')}\n`);
      const { scores: other } = await scored(path, file('moved.csv'));
      const of = (t: number) => [must(scores[t], 'scores'), must(other[t], 'scores')] as const;
      losses.click += (area(of(0)[0]) - area(of(0)[1])) / repeats;
      losses.buy += (area(of(1)[0]) - area(of(1)[1])) / repeats;
      losses.spend += (squaredError(of(2)[1], spend) - squaredError(of(2)[0], spend)) / repeats;
    }
    for (const [task, loss] of Object.entries(losses))
      expect(importance[task]?.inputs.find((one) => one.input === input)?.value).toBeCloseTo(loss, 5);
  }
  expect(importance['click']?.inputs.find(({ input }) => input === 'city')?.value).toBeGreaterThan(0.02);
});

const y: Task = { name: 'y', type: 'regression', offset: 0, scale: 1 };

/** Rows of y = slope a + b + noise, predicted without fault but for the noise. */
function linear(rows: number, seed: number, repeats: number, slope = 1.5) {
  const random = randomFromSeed(seed);
  const draw = () => Float64Array.from({ length: rows }, () => random.normal());
  const [a, b, noise] = [draw(), draw(), draw()];
  const predict = (order: Int32Array): Float32Array<ArrayBuffer> =>
    Float32Array.from(b, (value, row) => slope * (a[order[row] ?? 0] ?? 0) + value);
  const none = Int32Array.from({ length: rows }, (_, row) => row);
  const labels = Float32Array.from(predict(none), (value, row) => value + (noise[row] ?? 0));
  const scores: TaskScores = { logits: predict(none), labels, mask: new Float32Array(rows).fill(1) };
  const orders = Array.from({ length: repeats }, (_, repeat) => permutation(`a${seed}`, repeat, rows));
  const found = tally(y, scores);
  for (const order of orders) found.add(predict(order), order);
  return { scores, orders, predict, none, ...found.result() };
}

test('the interval is that of plain sums: a row counts with its label, and with its value in another row', () => {
  const rows = 40;
  const { scores, orders, predict, none, value, interval } = linear(rows, 3, 3);
  const losses = (order: Int32Array) =>
    [...predict(order)].map((logit, row) => (logit - (scores.labels[row] ?? 0)) ** 2);
  const own = losses(none);
  const changes = orders.map((order) => losses(order).map((loss, row) => loss - (own[row] ?? 0)));
  const theta = mean(changes.flat());
  const terms = own.map((_, row) => {
    const asLabel = mean(changes.map((all) => all[row] ?? 0)) - theta;
    const asValue = mean(orders.map((order, r) => changes[r]?.[order.indexOf(row)] ?? 0)) - theta;
    return asLabel + asValue;
  });
  const error = Math.sqrt(sum(terms.map((term) => term ** 2)) / (rows * (rows - 1)));
  expect(value).toBeCloseTo(theta, 9);
  expect(interval?.[0]).toBeCloseTo(theta - 1.959963984540054 * error, 9);
  expect(interval?.[1]).toBeCloseTo(theta + 1.959963984540054 * error, 9);
});

test.each([
  [1.5, 372], // .93
  [0.2, 394], // .985: with few permutations their noise counts twice
])('the interval covers the true importance in about 95 of 100 draws of the rows: slope %d', (slope, expected) => {
  const truth = 2 * slope ** 2; // the mean of (slope a' - slope a)², of two rows
  const draws = Array.from({ length: 400 }, (_, draw) => linear(150, 100 + draw, 5, slope).interval);
  const covered = draws.filter((ends) => ends && ends[0] <= truth && truth <= ends[1]).length;
  expect(covered).toBeGreaterThan(expected - 8);
  expect(covered).toBeLessThan(expected + 5);
});

test('an input that the model does not use has importance 0, and a metric that is not defined none', () => {
  const { scores, orders } = linear(30, 1, 2);
  const found = tally(y, scores);
  for (const order of orders) found.add(scores.logits, order);
  expect(found.result()).toEqual({ value: 0, interval: [0, 0] });
  const one = tally({ ...y, type: 'binary' }, { ...scores, labels: new Float32Array(30).fill(1) });
  for (const order of orders) one.add(scores.logits, order);
  expect(one.result()).toEqual({ value: null, interval: null });
});
