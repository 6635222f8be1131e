import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lossAtBestWeight } from '../../scripts/claims/best-weight.js';
import { oneOf } from '../../scripts/claims/decaying-weights.js';
import { difference } from '../../scripts/claims/differences.js';
import { doublingsOf } from '../../scripts/claims/doublings.js';
import { errorRatios, estimated, fallOfError, verdictOn } from '../../scripts/claims/estimand.js';
import { testedGains } from '../../scripts/claims/tested.js';
import { varianceShares } from '../../scripts/claims/tuning.js';
import { temporaryFolder } from '../support/folder.fixture.js';

it('a claim whose files are not here changes nothing, says which it wants, and ends with exit code 2', () => {
  const root = resolve(import.meta.dirname, '../..');
  const pages = () => ['README.md', 'docs/claims.md'].map((page) => readFileSync(join(root, page), 'utf8'));
  const before = pages();
  const words = ['--import', 'tsx', 'scripts/claims/claims.ts', '--only', 'census,kuairand', '--data', 'none'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^census is not run: it wants the files of none, as datasets\/census-income\.md says\.$/m);
  expect(stderr).toMatch(
    /^kuairand is not run: it wants the files of datasets\/kuairand, as datasets\/kuairand\.md says\.$/m,
  );
  expect(pages()).toEqual(before);
});

it('the shares of a crossed design are those of its mean squares', () => {
  // Effects of ±1 and ±2, none of the draw, and an interaction of ±.5: mean squares 8, 32, 0 and 2 / 4 (by hand).
  const signs = [-1, 1];
  const cells = signs.flatMap((a) =>
    signs.flatMap((b) =>
      signs.map((draw) => ({
        levels: { model: `${a}`, rate: `${b}`, draw: `${draw}` },
        value: 7 + a + 2 * b + 0.5 * a * b,
      })),
    ),
  );
  const sum = (8 - 0.5) / 4 + (32 - 0.5) / 4 + 0.5;
  const shares = varianceShares(cells);
  expect(shares['model']).toBeCloseTo(1.875 / sum, 12);
  expect(shares['rate']).toBeCloseTo(7.875 / sum, 12);
  expect(shares['draw']).toBe(0);
  expect(shares['rest']).toBeCloseTo(0.5 / sum, 12);
});

it('paired differences have the interval and the p-value of R’s t.test(1:5)', () => {
  const { words, p } = difference([1, 2, 3, 4, 5], 3, 0.05);
  expect(p).toBeCloseTo(0.01324, 5);
  expect(words).toBe('+3.000 [+1.037, +4.963]');
});

describe('an estimand', () => {
  // R: t.test(1:5)$conf.int is 1.036757 to 4.963243; with conf.level = .975 it is .529 to 5.471.
  const of = (delta: number, gains = [1, 2, 3, 4, 5]) => ({ of: 'a gain', gains, delta, unit: 'log points' as const });
  const [shown, worse] = [of(4), of(2, [-1, -2, -3, -4, -5])];

  it('is shown by an interval above 0, unless it excludes a gain that counts', () => {
    expect(estimated([shown], 0.05)[0]).toMatchObject({ shown: true, excluded: false, precise: true });
    expect(estimated([shown], 0.05)[0]?.halfWidth).toBeCloseTo(1.963243, 5);
    expect(estimated([of(4.97)], 0.05)[0]).toMatchObject({ shown: false, excluded: true });
  });

  it('what excludes is adjusted for the number of estimands', () => {
    expect(estimated([of(5.2), shown], 0.05)[0]).toMatchObject({ shown: true, excluded: false });
    expect(estimated([of(5.5), shown], 0.05)[0]).toMatchObject({ shown: false, excluded: true });
  });

  describe('that must be there at each point, on one of its tasks', () => {
    // R: the upper ends of t.test's intervals of `loss` and `open` are 4.963 and 5.928 at .95, 5.472 and 7.101 at .975; the lower ends of `loss` .528 at .975, -.051 at .9875.
    const [loss, gain, open, large] = [
      [1, 2, 3, 4, 5],
      [-6, -5, -4, -3, -2],
      [-3, 4, -2, 5, 3],
      [10, 11, 12, 13, 14],
    ];
    const at = (delta: number, everywhere: readonly (readonly (readonly number[])[])[]) =>
      estimated([{ ...of(delta), everywhere }], 0.05)[0];

    it('is shown if it is at each point, adjusted for the tasks', () => {
      expect(
        at(5, [
          [loss, open],
          [gain, loss],
        ]),
      ).toMatchObject({ shown: true, excluded: false });
      expect(
        at(5, [
          [loss, open],
          [gain, open],
        ]),
      ).toMatchObject({ shown: false, excluded: false });
      expect(at(5, [[loss, open, open, open]])).toMatchObject({ shown: false, excluded: false });
    });

    it('is excluded by all tasks of a point, adjusted for the points', () => {
      expect(
        at(5, [
          [loss, loss],
          [gain, gain],
        ]),
      ).toMatchObject({ shown: false, excluded: true });
      expect(at(6.5, [[gain, open]])).toMatchObject({ excluded: true });
      expect(
        at(6.5, [
          [gain, open],
          [large, large],
        ]),
      ).toMatchObject({ excluded: false });
    });
  });

  it('that has no aim is never too wide for it', () => {
    expect(estimated([of(0, [-3, 4, -2, 5, 3])], 0.05)[0]).toMatchObject({
      shown: false,
      excluded: false,
      precise: true,
    });
  });

  it('of which one must exist is shown where its own interval, adjusted for their number, is above 0 and does not exclude δ', () => {
    // R: t.test's intervals of 1:5 begin at 1.04 (.95) and .528 (.975), and end at 4.96 (.95).
    const open = [-3, 4, -2, 5, 3];
    const shownIn = (gains: number[], delta: number) =>
      oneOf([of(delta, gains), of(9, open)], 0.05).map(({ shown }) => shown);
    expect(shownIn([1, 2, 3, 4, 5], 4.9)).toEqual([true, false]);
    expect(shownIn([1, 2, 3, 4, 5], 5)).toEqual([false, false]); // too small to count, whatever the other is
    expect(shownIn([0.3, 1.3, 2.3, 3.3, 4.3], 4)).toEqual([false, false]);
  });

  it('of what is no number is refused', () => {
    expect(() => estimated([of(4, [1, Number.NaN, 3])], 0.05)).toThrow('A difference is no number: 1, NaN, 3.');
  });

  it('of one draw is bounded by nothing', () => {
    expect(estimated([of(4, [12])], 0.05)[0]).toMatchObject({ shown: false, excluded: false, precise: false });
  });

  it('is told as a fall of the error: ln 2 is one by half', () => {
    const log = 100 * Math.log(2);
    expect(fallOfError({ gain: log, interval: [0, 2 * log] })).toBe('50 % [0, 75]');
    expect(fallOfError({ gain: -log, interval: [-2 * log, 0] })).toBe('−100 % [−300, 0]');
  });

  it('refutes a claim by itself; all of them make it', () => {
    const open = of(4, [-3, 4, -2, 5, 3]);
    expect(verdictOn(estimated([shown, shown], 0.05))).toBe('holds here');
    expect(verdictOn(estimated([shown, open], 0.05))).toBe('cannot be told');
    expect(verdictOn(estimated([shown, worse], 0.05))).toBe('does not hold here');
  });
});

describe('a table', () => {
  type Errors = Readonly<Record<string, readonly number[]>>;
  const rowIn = (folder: string, name: string, metrics: Readonly<Record<string, string>>, values: Errors) => {
    const tasks = Object.fromEntries(Object.entries(metrics).map(([task, metric]) => [task, { metric }]));
    const runs = (Object.values(values)[0] ?? []).map((_, draw) => {
      const path = `${name}-${draw}`;
      const tested = Object.entries(metrics).map(([task, metric]) => [
        task,
        { test: { [metric]: values[task]?.[draw] } },
      ]);
      mkdirSync(join(folder, path));
      writeFileSync(join(folder, path, 'result.json'), JSON.stringify({ tasks: Object.fromEntries(tested) }));
      return { seed: draw, path };
    });
    return { label: name, axis: {}, tasks, runs };
  };

  it('tells errors of two models by draw: 100 ln of their ratio, as a mean over tasks', () => {
    const folder = temporaryFolder();
    const metrics = { y1: 'nmse', y2: 'nmse' };
    const rows = [
      rowIn(folder, 'one', metrics, { y1: [0.1, 0.3], y2: [0.2, 0.1] }),
      rowIn(folder, 'other', metrics, { y1: [0.2, 0.1], y2: [0.2, 0.1] }),
    ];
    const table = { folder, rows, tasks: ['y1', 'y2'], seeds: [0, 1] };
    const [first, second] = errorRatios(table, 'one', 'other');
    expect(first).toBeCloseTo(34.657, 3); // R: 50 * log(2)
    expect(second).toBeCloseTo(-54.931, 3); // R: -50 * log(3)
    expect(errorRatios(table, 'one', 'other', { tasks: ['y2'] })).toEqual([0, 0]);
  });

  it('tells by how often rows must double for a gain, and reads single-task’s run of the task', () => {
    const folder = temporaryFolder();
    const metrics = { y1: 'nmse' };
    const whole = rowIn(folder, 'single', metrics, { y1: [9, 9, 9] });
    const own = rowIn(folder, 'part', metrics, { y1: [0.4, 0.8, 0.2] });
    const runs = whole.runs.map((run, draw) => ({ ...run, parts: { y1: `part-${draw}` } }));
    const rows = [{ ...whole, runs }, own];
    const half = rowIn(folder, 'half', metrics, { y1: [0.8, 1.6, 0.8] });
    const joint = rowIn(folder, 'joint', metrics, { y1: [0.2, 0.4, 0.2] });
    const { value, interval } = doublingsOf({ folder, rows, baseline: 'single', doublings: [half] }, joint, 'y1') ?? {};
    // Falls of 1, 1 and 2 doublings, gains of 1, 1 and 0: the ratio of means is .5; R: .5 + c(-1, 1) * qt(.975, 2) * sd(c(.375, .375, -.75)) / sqrt(3).
    expect(value).toBeCloseTo(0.5, 12);
    expect(interval?.[0]).toBeCloseTo(-1.1135, 3);
    expect(interval?.[1]).toBeCloseTo(2.1135, 3);
    expect(doublingsOf({ folder, rows, baseline: 'single' }, joint, 'y1')).toBeUndefined();
  });

  it('tells what a model loses at its best loss weight, in margins: on the task that is worse there', () => {
    const folder = temporaryFolder();
    const metrics = { CTR: 'auc', VCR: 'nmse' };
    const rows = [rowIn(folder, 'single', metrics, { CTR: [0.7, 0.8], VCR: [0.1, 0.2] })];
    // At 1 CTR loses .003 and .005: 4 margins of .001. At 9 VCR loses 100 ln 1.2: 3.65 margins of 5 (R: 20 * log(1.2)).
    const points = [
      { value: 1, ...rowIn(folder, 'one', metrics, { CTR: [0.697, 0.795], VCR: [0.05, 0.1] }) },
      { value: 9, ...rowIn(folder, 'nine', metrics, { CTR: [0.71, 0.81], VCR: [0.12, 0.24] }) },
    ];
    const fronts = [{ model: 'joint', points }];
    const loss = lossAtBestWeight(
      { folder, rows, fronts, baseline: 'single', tasks: ['CTR', 'VCR'], seeds: [0, 1] },
      'joint',
    );
    expect(loss.of).toBe('joint at its best weight (9): loss on VCR');
    // Gains are losses below 0: on VCR at 1 100 ln 2, or 13.86 margins.
    expect(loss.everywhere?.map((tasks) => tasks.map(([first = 0]) => Number(first.toFixed(2))))).toEqual([
      [3, -13.86],
      [-10, 3.65],
    ]);
    expect(loss.gains[0]).toBeCloseTo(3.6464, 4);
    expect(loss.gains[1]).toBeCloseTo(3.6464, 4);
  });
});

describe('the gains of real data', () => {
  const gain = { metric: 'auc', gain: 0.0004, interval: [0.0001, 0.0007] as const, margin: 0.001 };
  const equivalent = { ...gain, verdict: 'equivalent' as const, pHolm: 0.03, pEquivalent: 0.02 };

  it('are told in margins, and refute by the test of the table, adjusted for their number of tables', () => {
    const [one] = testedGains({ tasks: { income: equivalent } }, { draws: 5, among: [], level: 0.05, aim: 0.2 });
    expect(one).toMatchObject({ of: 'ple over single-task, income', shown: false, excluded: true, precise: false });
    expect(one?.gain).toBeCloseTo(0.4, 12);
    expect(one?.halfWidth).toBeCloseTo(0.3, 12);
    const strict = testedGains({ tasks: { income: equivalent } }, { draws: 5, among: [], level: 0.01, aim: 0 });
    expect(strict).toMatchObject([{ excluded: false, precise: true }]);
  });

  it('a better task shows its gain, a worse one refutes, and a model that was not trained to a plateau tells nothing', () => {
    const verdicts = ['better', 'worse', null] as const;
    const tasks = Object.fromEntries(
      verdicts.map((verdict) => [`${verdict}`, { ...gain, verdict, pHolm: 0.001, pEquivalent: 0.9 }]),
    );
    const all = testedGains({ tasks }, { draws: 5, among: [], level: 0.05, aim: 0 });
    expect(all.map(({ shown, excluded }) => [shown, excluded])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
  });
});
