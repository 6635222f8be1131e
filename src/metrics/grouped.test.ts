import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateTask } from './evaluate.js';
import { groupedAuc } from './grouped.js';
import { errorOverRows, interval } from './row-influence.js';
import { type Row, binary as task, taskScores } from './rows.fixture.js';

/** Pair by pair, group by group; a group counts by its rows' weights. */
function naive(rows: readonly Row[]) {
  const inside = rows.filter(({ weight }) => weight > 0);
  let [sum, whole, groups, groupsSkipped] = [0, 0, 0, 0];
  for (const group of new Set(inside.map((row) => row.group))) {
    const own = inside.filter((row) => row.group === group);
    const [positives, negatives] = [1, 0].map((label) => own.filter((row) => row.label === label));
    let [ordered, all] = [0, 0];
    for (const a of positives ?? [])
      for (const b of negatives ?? []) {
        all += a.weight * b.weight;
        ordered += a.weight * b.weight * (a.logit > b.logit ? 1 : a.logit === b.logit ? 0.5 : 0);
      }
    if (all === 0) {
      groupsSkipped++;
      continue;
    }
    groups++;
    const weight = own.reduce((total, row) => total + row.weight, 0);
    sum += (weight * ordered) / all;
    whole += weight;
  }
  return { groupedAuc: whole > 0 ? sum / whole : null, groups, groupsSkipped };
}

test('AUC is the share of pairs in order, a tie counting half; of groups the mean by their rows, those of one class skipped and counted', () => {
  const row = fc.record({
    logit: fc.integer({ min: -3, max: 3 }),
    label: fc.integer({ min: 0, max: 1 }),
    group: fc.constantFrom(0, 3, 7, 2 ** 31 - 1, -5),
    weight: fc.constantFrom(0, 1, 1, 2.5),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
      const { auc, groupedAuc, groups, groupsSkipped } = evaluateTask(task, taskScores(rows));
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

const row = (group: number, label: number, logit: number, weight: number): Row => ({ group, label, logit, weight });

test('the influence of a group goes by its weight and stands at its first row of the split, in the task or not, so that tasks meet', () => {
  // Areas 1 and 0, weights 5 and 1.5.
  const rows = [row(0, 0, 0, 0), row(0, 1, 1, 2), row(0, 0, 0, 3), row(1, 1, 0, 1), row(1, 0, 1, 0.5)];
  const factor = Math.SQRT2 / 6.5;
  expect([...(groupedAuc.influence(task, taskScores(rows)) ?? [])]).toEqual(
    [factor * 5 * (1 - 5 / 6.5), 0, 0, (factor * 1.5 * -5) / 6.5, 0].map((value) => expect.closeTo(value, 12)),
  );
  expect(groupedAuc.influence(task, taskScores(rows.slice(0, 3)))).toBeNull();
});

test('rows without groups have none of its fields, and NaN gives null', () => {
  const { groups: _, ...plain } = taskScores([row(1, 0, 0, 1), row(1, 1, 1, 1)]);
  expect(Object.keys(evaluateTask(task, plain)).filter((name) => /group/i.test(name))).toEqual([]);
  expect(evaluateTask(task, taskScores([row(1, 0, Number.NaN, 1), row(1, 1, 1, 1)])).groupedAuc).toBeNull();
});

test('an interval lies in the range of its value: of errors on the log scale, of 1 less an error mirrored', () => {
  const factor = Math.exp((1.959963984540054 * 0.03) / 0.02);
  expect(interval(0.02, 0.03, 'error')).toEqual([expect.closeTo(0.02 / factor, 15), expect.closeTo(0.02 * factor, 15)]);
  const [low = 0, high = 0] = interval(0.02, 0.03, 'error') ?? [];
  expect(interval(0.98, 0.03, 'below 1')).toEqual([expect.closeTo(1 - high, 12), expect.closeTo(1 - low, 12)]);
  expect(interval(0.98, 0.03, 'share')?.[1]).toBeLessThan(1);
  expect(interval(0.02, 0.03)?.[0]).toBeLessThan(0);
  for (const [value, range] of [
    [0, 'error'],
    [1, 'below 1'],
    [0, 'share'],
    [1, 'share'],
  ] as const)
    expect(interval(value, 0, range)).toBeNull();
});

test('units are rows, or groups with a row in the sample space; from two there is no error', () => {
  const influence = Float64Array.of(3, 1, -4, 2);
  const error = (mask: readonly number[], groups?: Int32Array) =>
    errorOverRows(influence, groups, Float64Array.from(mask));
  expect([error([1, 1, 0, 0]), error([1, 1, 0, 0.5])]).toEqual([null, Math.sqrt(30)]);
  const groups = Int32Array.of(0, 0, 1, 2);
  expect([error([1, 1, 1, 1], groups), error([1, 1, 1, 0], groups)]).toEqual([6, null]);
});
