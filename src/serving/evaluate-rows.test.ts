import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluateTask } from '../metrics/evaluate.js';
import type { TaskScores } from '../metrics/samples.js';
import { must } from '../support/must.js';
import { readRun } from '../training/finished-run.js';
import { evaluateRows, labelledTasks } from './evaluate-rows.js';
import { splitLine, trainedOnMixed } from './mixed-table.fixture.js';
import { mean, mixedFolder, opened, sum, testLines } from './predict-rows.fixture.js';
import { allScores, scoredRows } from './score-rows.js';
import { slicings } from './slices.js';

const folder = mixedFolder();
const file = (name: string) => join(folder, name);
const quantile = 1.959963984540054;

const tasks =
  '[{ name: click, type: binary }, { name: buy, type: binary }, { name: spend, type: regression, loss: huber }, { name: plan, type: multiclass }]';
const model = '{ type: hard-sharing, levels: [[6]], tower: [4] }';

async function evaluated(path: string, data: string, by: readonly string[] = []) {
  const { run, engine, rows } = await opened(path, data, by);
  try {
    const { labelled, without } = labelledTasks(run, rows);
    const cut = await slicings(rows.file, by, run.encoding);
    const scores = await allScores(rows.dataset, scoredRows(run, rows.dataset, engine), () => undefined);
    return { without, cut, ...(await evaluateRows(run, rows.dataset.tasks, scores, labelled, cut)) };
  } finally {
    await rows.release();
  }
}

const { names, lines } = testLines(folder);
const column = (name: string) => lines.map((line) => splitLine(line)[names.indexOf(name)] ?? '');
/** The rows of a task's scores that are chosen, by hand. */
const chosen = ({ logits, labels, mask }: TaskScores, isIn: (row: number) => boolean): TaskScores => ({
  logits: logits.filter((_, at) => isIn(at % labels.length)),
  labels: labels.filter((_, row) => isIn(row)),
  mask: mask.filter((_, row) => isIn(row)),
});

/** The logistic loss of each row. */
const logisticLosses = ({ labels, logits }: TaskScores) =>
  [...labels].map((label, row) => Math.log(1 + Math.exp((label > 0.5 ? -1 : 1) * (logits[row] ?? 0))));

describe('a run on a table', async () => {
  const path = await trainedOnMixed(folder, tasks, model);
  const run = must(readRun(path), 'run');
  const own = await run.predictions();
  const of = (name: string) =>
    must(
      own.find(({ task }) => task.name === name),
      name,
    );
  const all = await evaluated(path, file('test.csv'), ['city', 'income', 'user']);

  test('the test file gives the metrics of result.json, to the digit', () => {
    expect(all.rows).toBe(203);
    expect(all.without).toEqual([]);
    expect(all.group).toBeUndefined();
    for (const [name, { metrics }] of Object.entries(all.tasks)) expect(metrics).toEqual(run.result.tasks[name]?.test);
    expect(Object.keys(all.tasks)).toEqual(['click', 'buy', 'spend', 'plan']);
    expect(all.tasks.click?.metrics.f1).toBeGreaterThan(0); // its threshold is that of validation
  });

  test('a slice has the metrics of its rows, picked by hand', () => {
    const missing = ['', 'NA', 'null'];
    const cities = column('city').map((text) => text.replaceAll('"', '').trim());
    const slices = all.slices.filter(({ by }) => by === 'city');
    const named = slices.map(({ kind, name }) => (kind === 'missing' ? null : name));
    expect(new Set(named)).toEqual(new Set(['Bern', 'Genf', 'Basel, CH', 'Ōsaka', 'rare', null]));
    for (const { name, kind, rows, tasks } of slices) {
      const isIn = (row: number) => (kind === 'missing' ? missing.includes(cities[row] ?? '') : cities[row] === name);
      expect(rows).toBe(lines.filter((_, row) => isIn(row)).length);
      for (const { task, scores } of own) {
        const { rowLoss } = { rowLoss: task.name === 'spend' ? ({ type: 'huber', delta: 1 } as const) : undefined };
        const expected = evaluateTask(
          { ...task, rowLoss },
          chosen(scores, isIn),
          run.result.tasks[task.name]?.validation,
        );
        expect(tasks[task.name]?.metrics).toEqual(expected);
      }
    }
  });

  test('intervals are those of plain formulas', () => {
    const { scores } = of('click');
    const losses = logisticLosses(scores);
    const centre = mean(losses);
    const variance = sum(losses.map((loss) => (loss - centre) ** 2)) / (losses.length - 1);
    const half = quantile * Math.sqrt(variance / losses.length);
    const { intervals, metrics } = must(all.tasks.click, 'click');
    expect(intervals.logLoss?.[0]).toBeCloseTo(centre * Math.exp(-half / centre), 12);
    expect(intervals.logLoss?.[1]).toBeCloseTo(centre * Math.exp(half / centre), 12);
    for (const [at, bound] of [metrics.aucInterval].flat().entries())
      expect(intervals.auc?.[at]).toBeCloseTo(Number(bound), 12);
    // A share p of n rows, on the logit scale: its error is 1 / sqrt((n - 1) p (1 - p)).
    const [share, n] = [Number(metrics.binaryAccuracy), losses.length];
    const [logit, error] = [Math.log(share / (1 - share)), quantile / Math.sqrt((n - 1) * share * (1 - share))];
    expect(intervals.binaryAccuracy?.[0]).toBeCloseTo(1 / (1 + Math.exp(error - logit)), 12);
    expect(intervals.binaryAccuracy?.[1]).toBeCloseTo(1 / (1 + Math.exp(-error - logit)), 12);
  });

  test('the difference of a slice’s mean loss from all rows has the error of a domain mean', () => {
    const { scores } = of('click');
    const losses = logisticLosses(scores);
    const inside = column('city').map((city) => city === 'Bern');
    const [n, m] = [losses.length, inside.filter((is) => is).length];
    const [own, whole] = [mean(losses.filter((_, row) => inside[row])), mean(losses)];
    const terms = losses.map(
      (loss, row) =>
        (inside[row] ? (loss - own) / Math.sqrt(m * (m - 1)) : 0) - (loss - whole) / Math.sqrt(n * (n - 1)),
    );
    const half = quantile * Math.sqrt(sum(terms.map((term) => term ** 2)));
    const bern = must(
      all.slices.find(({ name }) => name === 'Bern'),
      'Bern',
    );
    const { value, interval } = must(bern.tasks.click?.differences.logLoss, 'difference');
    expect(value).toBeCloseTo(own - whole, 12);
    expect(interval?.[0]).toBeCloseTo(own - whole - half, 12);
    expect(interval?.[1]).toBeCloseTo(own - whole + half, 12);
  });

  test('numbers are cut into ranges at tenths of their rows; other texts are missing', () => {
    const by = 'income';
    const values = column(by).map((text) => (/^-?[\d.]+$/.test(text) ? Number(text) : null));
    const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
    const edges = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((k) => {
      // the smallest value that at least k tenths of the rows do not exceed
      return must(
        sorted.find((value) => 10 * sorted.filter((other) => other <= value).length >= k * sorted.length),
        'edge',
      );
    });
    const slices = all.slices.filter((slice) => slice.by === by);
    const expected = [
      ...new Set(values.map((value) => (value === null ? -1 : edges.filter((edge) => value > edge).length))),
    ]
      .toSorted((a, b) => a - b)
      .map((range) => values.filter((value) => value !== null && edges.filter((edge) => value > edge).length === range))
      .filter((inside) => inside.length > 0);
    expect(slices.filter(({ kind }) => kind === 'range').map(({ low, high, rows }) => [low, high, rows])).toEqual(
      expected.map((inside) => [Math.min(...inside.map(Number)), Math.max(...inside.map(Number)), inside.length]),
    );
    expect(expected.length).toBe(10);
    const missing = values.filter((value) => value === null).length;
    expect(missing).toBeGreaterThan(0);
    expect(slices.at(-1)).toMatchObject({ kind: 'missing', rows: missing });
  });

  test('of many values the 50 with the most rows have a slice, the others are one', () => {
    const counts = new Map<string, number>();
    for (const user of column('user')) if (user !== '') counts.set(user, (counts.get(user) ?? 0) + 1);
    const largest = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 50);
    const slices = all.slices.filter(({ by }) => by === 'user');
    expect(slices.slice(0, 50).map(({ name, rows }) => [name, rows])).toEqual(largest);
    const named = sum(largest.map(([, n]) => n));
    const rest = sum([...counts.values()]) - named;
    expect(slices[50]).toMatchObject({ kind: 'others', values: counts.size - 50, rows: rest });
    expect(slices[51]).toMatchObject({ kind: 'missing', rows: 203 - rest - named });
    expect(slices).toHaveLength(52);
  });

  test('tasks without labels are left out by name; for a column of lists there is an error', async () => {
    const one = [names.join(), ...lines].map((line) => splitLine(line).slice(0, 8).join(','));
    writeFileSync(file('click.csv'), one.join('\n'));
    const found = await evaluated(path, file('click.csv'));
    expect(Object.keys(found.tasks)).toEqual(['click']);
    expect(found.tasks.click).toEqual(all.tasks.click);
    expect(found.without[0]).toBe("'buy' and 'click' for task 'buy'");
    await expect(evaluated(path, file('test.csv'), ['tags'])).rejects.toThrow(/--by tags: the column has lists/);
  });
});

test('of data that name a group, groups are drawn, and the metrics within groups are those of the run', async () => {
  const path = await trainedOnMixed(folder, '[{ name: click, type: binary }]', '{ type: single-task }', 'group: user');
  const run = must(readRun(path), 'run');
  const found = await evaluated(path, file('test.csv'));
  expect(found.group).toBe('user');
  expect(found.tasks.click?.metrics).toEqual(run.result.tasks.click?.test);
  expect(found.tasks.click?.metrics.groups).toBeGreaterThan(1);
  const { scores } = must((await run.predictions())[0], 'predictions');
  const losses = logisticLosses(scores);
  const centre = mean(losses);
  const groups = must(scores.groups, 'groups');
  const pairs = new Set([...groups].map((group, row) => `${group} ${column('user')[row]}`));
  expect(pairs.size).toBe(new Set(column('user')).size); // the rows of a user are in one group
  expect(new Set(groups).size).toBeGreaterThan(40); // of 64 hashed users
  const sums = new Map<number, number>();
  for (const [row, user] of groups.entries()) sums.set(user, (sums.get(user) ?? 0) + (losses[row] ?? 0) - centre);
  const squares = sum([...sums.values()].map((one) => one ** 2));
  const half = quantile * Math.sqrt(squares / (losses.length * (losses.length - 1)));
  expect(found.tasks.click?.intervals.logLoss?.[1]).toBeCloseTo(centre * Math.exp(half / centre), 12);
});
