import fc from 'fast-check';
import { expect, test } from 'vitest';
import { metrics } from './catalogue.js';
import { evaluateTask } from './evaluate.js';
import { binary as task } from './rows.fixture.js';

interface Row {
  readonly logit: number;
  readonly label: number;
  readonly group: number;
  readonly mask: number;
}

const scoresOf = (rows: readonly Row[]) => ({
  logits: Float64Array.from(rows, ({ logit }) => logit),
  labels: Float64Array.from(rows, ({ label }) => label),
  mask: Float64Array.from(rows, ({ mask }) => mask),
  groups: Int32Array.from(rows, ({ group }) => group),
});

/** Pair by pair, group by group. */
function naive(rows: readonly Row[]) {
  const inside = rows.filter(({ mask }) => mask > 0);
  let [sum, weight, groups, groupsSkipped] = [0, 0, 0, 0];
  for (const group of new Set(inside.map((row) => row.group))) {
    const own = inside.filter((row) => row.group === group);
    const pairs = own
      .filter(({ label }) => label === 1)
      .flatMap((positive) =>
        own.filter(({ label }) => label === 0).map((negative) => [positive.logit, negative.logit]),
      );
    if (pairs.length === 0) {
      groupsSkipped++;
      continue;
    }
    groups++;
    const ordered = pairs.map(([a = 0, b = 0]) => (a > b ? 1 : a === b ? 0.5 : 0));
    sum += (own.length * ordered.reduce<number>((total, one) => total + one, 0)) / pairs.length;
    weight += own.length;
  }
  return { groupedAuc: weight > 0 ? sum / weight : null, groups, groupsSkipped };
}

test('is the mean of the AUC within groups by their rows; groups of one class are skipped and counted', () => {
  const row = fc.record({
    logit: fc.integer({ min: -3, max: 3 }),
    label: fc.integer({ min: 0, max: 1 }),
    group: fc.constantFrom(0, 3, 7, 2 ** 31 - 1, -5),
    mask: fc.constantFrom(0, 1, 1, 1),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
      const { groupedAuc, groups, groupsSkipped } = evaluateTask(task, scoresOf(rows));
      const expected = naive(rows);
      expect([groups, groupsSkipped]).toEqual([expected.groups, expected.groupsSkipped]);
      if (expected.groupedAuc === null) expect(groupedAuc).toBeNull();
      else expect(groupedAuc).toBeCloseTo(expected.groupedAuc, 12);
    }),
    { numRuns: 200 },
  );
});

test('what users differ in changes the AUC, not the grouped one', () => {
  const rows = [1, 2, 3, 4].flatMap((group) => [
    { group, label: 0, logit: 10 * group, mask: 1 },
    { group, label: 1, logit: 10 * group + 1, mask: 1 },
  ]);
  const { auc, groupedAuc } = evaluateTask(task, scoresOf(rows));
  expect(auc).toBe(10 / 16);
  expect(groupedAuc).toBe(1);
});

test('rows without groups have none of its fields; rows outside the task make no group', () => {
  const rows = [0, 1, 0, 1].map((label, i) => ({ label, logit: i, group: i < 2 ? 1 : 2, mask: i < 2 ? 1 : 0 }));
  const { groups: _, ...plain } = scoresOf(rows);
  expect(Object.keys(evaluateTask(task, plain)).filter((name) => /group/i.test(name))).toEqual([]);
  expect(evaluateTask(task, scoresOf(rows))).toMatchObject({ groupedAuc: 1, groups: 1, groupsSkipped: 0 });
  const nothing = evaluateTask(task, scoresOf(rows.map((row) => ({ ...row, mask: 0 }))));
  expect(nothing).toMatchObject({ groupedAuc: null, groups: 0, groupsSkipped: 0 });
  const lost = evaluateTask(task, scoresOf(rows.map((row) => ({ ...row, logit: Number.NaN }))));
  expect(lost.groupedAuc).toBeNull();
});

test('a group’s influence stands at its first row of the split, in the task or not, so that tasks meet', () => {
  const rows = [
    { group: 1, label: 0, logit: 0, mask: 0 },
    { group: 1, label: 0, logit: 0, mask: 1 },
    { group: 1, label: 1, logit: 1, mask: 1 },
    { group: 2, label: 0, logit: 1, mask: 1 },
    { group: 2, label: 1, logit: 0, mask: 1 },
  ];
  const influence = metrics.get('groupedAuc').influence?.(task, scoresOf(rows)) ?? [];
  expect([...influence].map(Math.sign)).toEqual([1, 0, 0, -1, 0]);
});

test('of groups of equal size the variance is that of a mean: the sample variance over their number', () => {
  // Areas 1, 0 and 0.5: mean 0.5, sample variance 0.25.
  const rows = [
    [0, 1],
    [1, 0],
    [0, 0],
  ].flatMap((logits, group) => logits.map((logit, label) => ({ logit, label, group, mask: 1 })));
  const influence = metrics.get('groupedAuc').influence?.(task, scoresOf(rows)) ?? new Float64Array();
  expect(influence.reduce((sum, value) => sum + value ** 2, 0)).toBeCloseTo(0.25 / 3, 14);
  expect(metrics.get('groupedAuc').influence?.(task, scoresOf(rows.slice(0, 2)))).toBeNull(); // of one group
});
