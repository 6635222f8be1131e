import { describe, expect, it } from 'vitest';
import { must } from '../../support/must.js';
import type { Front } from '../comparison.js';
import type { Entry } from '../stored/entry.js';
import { buildEntry, evaluatedRun, plainOptions } from './evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from './summarize.js';

const options: SummaryOptions = {
  name: 'made',
  baseline: 'alone',
  uncertainty: 'seeds',
  ...plainOptions(5),
  margins: { auc: { absolute: 0.01 } },
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'buy', type: 'binary' },
  ],
};
const key = 'loss.weights.buy.initial';
const noise = [0.001, -0.001, 0.0002, 0.0006, -0.0008];

/** Five runs around these AUCs. */
function model(label: string, click: number, buy: number, weight?: number, point: Entry['point'] = {}): Entry {
  const turn = Math.round(1000 * click + 10 * (weight ?? 0));
  const runs = noise.map((_, index) => {
    const auc = (level: number, by: number) => ({ auc: level + (noise[(index + turn + by) % 5] ?? 0) });
    const tasks = { click: { type: 'binary', test: auc(click, 0) }, buy: { type: 'binary', test: auc(buy, 2) } };
    return evaluatedRun(`${label}-${weight ?? 'own'}-${index}`, tasks, { checksum: JSON.stringify(point) });
  });
  return { ...buildEntry(label, runs, point), ...(weight === undefined ? {} : { values: { [key]: weight } }) };
}

const alone = model('alone', 0.8, 0.7);
const seesaw = model('shared', 0.9, 0.6);

async function summarizedFront(...points: readonly (readonly [click: number, buy: number])[]): Promise<Front> {
  const entries = points.map(([click, buy], index) => model('shared', click, buy, 2 ** index));
  const { fronts } = await summarize([alone, seesaw, ...entries], options);
  return must(fronts?.[0], 'a front');
}

describe('a seesaw', () => {
  it.each([
    // biome-ignore format: a row is a case
    ['repaired', [2, 4], 'better on both, and better on one and only not inferior on the other', [[0.9, 0.6], [0.85, 0.72], [0.82, 0.7005]]],
    // biome-ignore format: a row is a case
    ['seesaw', [], 'a task is worse at every weight', [[0.9, 0.6], [0.85, 0.65], [0.7, 0.8]]],
    // biome-ignore format: a row is a case
    ['undecided', [], 'equivalent is no gain', [[0.8, 0.7], [0.8, 0.7]]],
  ] as const)('%s by %j: %s', async (outcome, repairedBy, _, points) => {
    expect(await summarizedFront(...points)).toMatchObject({
      axis: {},
      model: 'shared',
      key,
      seesaw: outcome,
      repairedBy,
    });
  });

  it('is the verdict of the row: without a front that of its own weight, with one that of all weights', async () => {
    const verdictWith = async (...entries: Entry[]) => {
      const { rows } = await summarize([alone, seesaw, ...entries], options);
      return rows[1]?.verdict;
    };
    expect(await verdictWith()).toBe('seesaw');
    expect(await verdictWith(model('shared', 0.7, 0.8, 2))).toBe('seesaw');
    expect(await verdictWith(model('shared', 0.85, 0.72, 2))).toBe('repaired');
    expect(await verdictWith(model('shared', 0.8, 0.7, 2))).toBe('undecided');
  });

  it('does not become harder to show with more weights', async () => {
    // Worse by little on click at every weight: each alone shows it, and Holm over all does not.
    const wide = (index: number) => noise.map((value) => 0.7975 + 2 * (noise[(index + noise.indexOf(value)) % 5] ?? 0));
    const weak = (weight: number): Entry => {
      const runs = wide(weight).map((auc, run) =>
        evaluatedRun(
          `weak-${weight}-${run}`,
          {
            click: { type: 'binary', test: { auc } },
            buy: { type: 'binary', test: { auc: 0.71 + (noise[run] ?? 0) } },
          },
          { checksum: '{}' },
        ),
      );
      return { ...buildEntry('shared', runs), ...(weight === 0 ? {} : { values: { [key]: weight } }) };
    };
    const own = model('shared', 0.79, 0.71);
    const many = Array.from({ length: 9 }, (_, index) => weak(index + 1));
    const { fronts, rows } = await summarize([alone, own, ...many], { ...options, margins: { auc: null } });
    const verdicts = fronts?.[0]?.points.map(({ tasks }) => tasks['click']?.verdict) ?? [];
    expect(verdicts).toContain('undecided');
    expect([fronts?.[0]?.seesaw, rows[1]?.verdict]).toEqual(['seesaw', 'seesaw']);
  });

  it('a weight without a verdict, or without runs, neither repairs nor fails', async () => {
    const late = model('shared', 0.9, 0.8, 2);
    const failed = { ...late, runs: late.runs.map(({ run: _, ...run }) => ({ ...run, status: 'failed' as const })) };
    const { fronts, notes } = await summarize([alone, seesaw, model('shared', 0.9, 0.6, 1), failed], options);
    expect(fronts?.[0]).toMatchObject({ seesaw: 'undecided', repairedBy: [] });
    expect(notes.join('\n')).toContain('shared (weight of buy 2): the runs of seeds 1, 2, 3, 4, 5 failed');
  });

  it('of another model there is a front without this question', async () => {
    const entries = [alone, model('ple', 0.9, 0.8), model('ple', 0.9, 0.8, 1), model('ple', 0.9, 0.6, 2)];
    const { fronts } = await summarize(entries, options);
    expect(fronts?.[0]).toMatchObject({ model: 'ple', seesaw: null, repairedBy: [] });
  });
});

describe('a front', () => {
  it('changes no test of the table or of another front, and is a family of its own', async () => {
    const other = [model('ple', 0.9, 0.8), model('ple', 0.9, 0.8, 1), model('ple', 0.9, 0.6, 2)];
    const shared = [seesaw, model('shared', 0.9, 0.6, 1), model('shared', 0.85, 0.705, 2)];
    const [none, both] = [
      await summarize(
        [alone, other[0], shared[0]].flatMap((entry) => entry ?? []),
        options,
      ),
      await summarize([alone, ...other, ...shared], options),
    ];
    const rows = none.rows.map((row) => (row.label === 'shared' ? { ...row, verdict: 'repaired' } : row));
    expect({ ...both, fronts: undefined }).toEqual({ ...none, rows, fronts: undefined });
    const one = await summarize([alone, ...shared, ...other.slice(0, 1)], options);
    expect(one.fronts).toEqual(both.fronts?.filter((front) => front.model === 'shared'));
    const [front] = one.fronts ?? [];
    const family = front?.points.flatMap((point) => Object.values(point.tasks)) ?? [];
    const smallest = family.toSorted((a, b) => (a.p ?? 1) - (b.p ?? 1))[0];
    expect(family).toHaveLength(4);
    expect(smallest?.pHolm).toBeCloseTo(4 * (smallest?.p ?? 1), 14);
  });

  it('the runs of the own weight count once in the pool of variances', async () => {
    const same = { ...seesaw, values: { [key]: 1 } };
    const { rows, fronts } = await summarize([alone, seesaw, same], options);
    const own = rows[1]?.tasks.click;
    expect(fronts?.[0]?.points[0]).toMatchObject({ value: 1, runs: rows[1]?.runs });
    expect(fronts?.[0]?.points[0]?.tasks.click).toMatchObject({ gain: own?.gain, se: own?.se, p: own?.p });
  });

  it('stands at each point of the axes, for each model in the order of the table', async () => {
    const points = [{ a: 1 }, { a: 2 }];
    const entries = points.flatMap((point) => [
      model('alone', 0.8, 0.7, undefined, point),
      model('x', 0.9, 0.6, undefined, point),
    ]);
    const own = points.flatMap((point) => [0.5, 1].map((weight) => model('x', 0.9, 0.6, weight, point)));
    const { fronts } = await summarize([...entries, ...own], { ...options, axes: { a: [1, 2] } });
    expect(fronts?.map(({ axis, model: of, points: at }) => [axis, of, at.map(({ value }) => value)])).toEqual([
      [{ a: 1 }, 'x', [0.5, 1]],
      [{ a: 2 }, 'x', [0.5, 1]],
    ]);
  });
});
