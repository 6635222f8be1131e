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

/** Pair by pair, group by group; a group counts by its rows' weights. */
function naive(rows: readonly Row[]) {
  const inside = rows.filter(({ mask }) => mask > 0);
  let [sum, weight, groups, groupsSkipped] = [0, 0, 0, 0];
  for (const group of new Set(inside.map((row) => row.group))) {
    const own = inside.filter((row) => row.group === group);
    const [positives, negatives] = [1, 0].map((label) => own.filter((row) => row.label === label));
    const pairs = (positives ?? []).flatMap((a) =>
      (negatives ?? []).map((b) => ({
        weight: a.mask * b.mask,
        value: a.logit > b.logit ? 1 : a.logit === b.logit ? 0.5 : 0,
      })),
    );
    if (pairs.length === 0) {
      groupsSkipped++;
      continue;
    }
    groups++;
    const whole = own.reduce((total, { mask }) => total + mask, 0);
    const [ordered, all] = [
      pairs.reduce((total, pair) => total + pair.weight * pair.value, 0),
      pairs.reduce((total, pair) => total + pair.weight, 0),
    ];
    sum += (whole * ordered) / all;
    weight += whole;
  }
  return { groupedAuc: weight > 0 ? sum / weight : null, groups, groupsSkipped };
}

test('AUC is the share of pairs in order, a tie counting half; of groups the mean by their rows, those of one class skipped and counted', () => {
  const row = fc.record({
    logit: fc.integer({ min: -3, max: 3 }),
    label: fc.integer({ min: 0, max: 1 }),
    group: fc.constantFrom(0, 3, 7, 2 ** 31 - 1, -5),
    mask: fc.constantFrom(0, 1, 1, 2.5),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
      const { auc, groupedAuc, groups, groupsSkipped } = evaluateTask(task, scoresOf(rows));
      const expected = naive(rows);
      expect([groups, groupsSkipped]).toEqual([expected.groups, expected.groupsSkipped]);
      const ofAll = naive(rows.map((row) => ({ ...row, group: 0 })));
      for (const [found, { groupedAuc: wanted }] of [
        [groupedAuc, expected],
        [auc, ofAll],
      ] as const)
        expect(found).toEqual(wanted === null ? null : expect.closeTo(wanted, 12));
    }),
    { numRuns: 200 },
  );
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
