import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Task } from '../data/dataset.js';
import { randomFromSeed } from '../support/random.js';
import { metrics } from './catalogue.js';
import { evaluateTask, type TaskMetrics } from './evaluate.js';
import { binary, multiclass, type Row, regression as rating, taskScores } from './rows.fixture.js';
import type { TaskScores } from './samples.js';

const tasks: Readonly<Record<Task['type'], Task>> = {
  binary,
  multiclass,
  regression: { ...rating, offset: 3, scale: 2 },
};
const of = (task: Task, rows: readonly Row[]): TaskScores => taskScores(rows, task.classes?.length);
const found = (task: Task, rows: readonly Row[]) => evaluateTask(task, of(task, rows), 'chosen');
/** Without thresholds: of equally good ones, rounding decides. */
const plain = (task: Task, rows: readonly Row[]) => evaluateTask(task, of(task, rows));

// Few distinct logits, so that many rows are tied.
const rowsWith = (weight: fc.Arbitrary<number>) =>
  fc.array(
    fc.record({
      ...{ logit: fc.integer({ min: -4, max: 4 }), label: fc.integer({ min: 0, max: 1 }), weight },
      group: fc.constantFrom(0, 3, 7, 2 ** 31 - 1, -5),
    }),
    { minLength: 1, maxLength: 40 },
  );
const anyRows = rowsWith(fc.constantFrom(0, 0.1, 0.7, 1, 1.3, 5));
function expectClose(found: TaskMetrics, expected: TaskMetrics): void {
  for (const [name, value] of Object.entries(expected))
    expect([name, found[name]].flat()).toEqual(
      [name, value].flat().map((one) => (typeof one === 'number' ? expect.closeTo(one, 9) : one)),
    );
}

describe.each(Object.values(tasks))('all metrics of $type tasks', (task) => {
  test('a row of weight 0 is no row, whatever it holds', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const spoilt = rows.map((row) => (row.weight > 0 ? row : { ...row, logit: Number.NaN, label: Number.NaN }));
        expect(found(task, spoilt)).toEqual(
          found(
            task,
            rows.filter(({ weight }) => weight > 0),
          ),
        );
      }),
    );
  });

  test('equal weights are none, but for the bins of the calibration error, which then have parts of rows', () => {
    fc.assert(
      fc.property(rowsWith(fc.constant(1)), fc.constantFrom(0.001, 0.3, 7), (rows, weight) => {
        const { calibrationError: _, ...expected } = plain(task, rows);
        expectClose(
          plain(
            task,
            rows.map((row) => ({ ...row, weight })),
          ),
          expected,
        );
      }),
    );
  });

  test('the order of the rows does not matter', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        expectClose(plain(task, rows.toReversed()), plain(task, rows));
      }),
    );
  });

  test('without rows, or with NaN, there is none, and no influence from one row', () => {
    const one: Row = { logit: 1, label: 1, group: 0, weight: 1 };
    for (const rows of [
      [],
      [{ ...one, weight: 0 }],
      [one, { ...one, logit: Number.NaN }],
      [one, { ...one, label: Number.NaN }],
    ])
      for (const { name, type, ...metric } of metrics.all)
        if (type === task.type) {
          expect(found(task, rows)[name]).toBeNull();
          if ('influence' in metric) expect(metric.influence?.(task, of(task, [one]))).toBeNull();
        }
  });
});

/** Rows with predictions that know something, weights, and groups. */
function draw(type: Task['type'], rows: number): readonly Row[] {
  const random = randomFromSeed(3);
  return Array.from({ length: rows }, () => {
    const [positive, kind] = [Number(random.uniform() < 0.1), random.below(3)];
    const label = { regression: 3 + 2 * random.normal(), binary: positive, multiclass: kind }[type];
    const logit = random.normal() + (type === 'regression' ? (label - 3) / 2 : label);
    return { label, logit, weight: random.uniform() < 0.1 ? 0 : 0.5 + random.uniform(), group: random.below(40) };
  });
}

/** Their influence takes what they are relative to as given. */
const relative = ['nmse', 'r2', 'normalisedEntropy'];

describe.each(metrics.all.filter(({ influence, name }) => influence && !relative.includes(name)))('$name', (metric) => {
  test('the influence of a row, or of a group, is what the metric loses without it', () => {
    const task = tasks[metric.type];
    const isGrouped = 'computeGrouped' in metric;
    const rows = draw(metric.type, isGrouped ? 900 : 300);
    const value = (isIn: (index: number) => boolean) => {
      const own = rows.map((row, index) => (isIn(index) ? row : { ...row, weight: 0 }));
      return Number(evaluateTask(task, of(task, own))[metric.name]);
    };
    const unitOf = (index: number) => (isGrouped ? rows[index]?.group : index);
    const influence = metric.influence?.(task, of(task, rows)) ?? new Float64Array();
    const whole = value(() => true);
    let [error, size] = [0, 0];
    for (const unit of new Set([...rows.keys()].map(unitOf))) {
      const inside = [...rows.keys()].filter((index) => unitOf(index) === unit);
      const [first = 0, ...others] = inside.map((index) => influence[index] ?? 0);
      expect(others.every((other) => other === 0)).toBe(true); // a group's stands at its first row, so that tasks meet
      const lost = whole - value((index) => unitOf(index) !== unit);
      error += (first - lost) ** 2;
      size += lost ** 2;
    }
    expect(size).toBeGreaterThan(0);
    expect(error / size).toBeLessThan(1e-3); // to first order, and with a factor such as n / (n - 1)
  });
});
