import { describe, expect, it } from 'vitest';
import { DataError } from '../support/errors.js';
import type { Entry } from './compared-runs.js';
import type { ComparisonRow } from './comparison.js';
import { entryOf, evaluatedRun } from './evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from './summarize.js';

const options: SummaryOptions = {
  name: 'made',
  baseline: 'alone',
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'buy', type: 'binary' },
  ],
  metrics: {},
  seeds: [1, 2, 3, 4, 5],
  axes: {},
  uncertainty: 'seeds',
  timing: { seconds: 1 },
};

/** A model's AUC on both tasks, seed by seed; undefined: the run failed; null: not defined. */
function model(
  label: string,
  click: readonly (number | null | undefined)[],
  buy: readonly (number | null | undefined)[],
  point: Entry['point'] = {},
): Entry {
  const runs = click.map((auc, index) => {
    const other = buy[index];
    if (auc === undefined || other === undefined) return undefined;
    const tasks = { click: { type: 'binary', test: { auc } }, buy: { type: 'binary', test: { auc: other } } };
    return evaluatedRun(`${label}-${index + 1}`, tasks, { checksum: `data-${JSON.stringify(point)}` });
  });
  return entryOf(label, runs, point);
}

async function rowsOf(
  entries: readonly Entry[],
  changes: Partial<SummaryOptions> = {},
): Promise<readonly ComparisonRow[]> {
  return (await summarize(entries, { ...options, ...changes })).rows;
}

const alone = model('alone', [0.8, 0.81, 0.79, 0.8, 0.8], [0.7, 0.71, 0.69, 0.72, 0.68]);
const shifted = (label: string, click: number, buy: number) => {
  const noise = [0.001, -0.001, 0, 0.0005, -0.0005];
  const aucOf = (task: 'click' | 'buy', gain: number) =>
    alone.runs.map(({ run }, index) => Number(run?.result.tasks[task]?.test.auc) + gain + (noise[index] ?? 0));
  return model(label, aucOf('click', click), aucOf('buy', buy));
};

describe('one model', () => {
  it('a case worked by hand', async () => {
    // gains on click: .01 .02 .00 .03 .02, mean .016, sd sqrt(.00052 / 4), t = 3.1379 (scipy: ttest_rel gives p = .034919706674538926)
    const ple = model('ple', [0.81, 0.83, 0.79, 0.83, 0.82], [0.7, 0.71, 0.69, 0.72, 0.68]);
    const [baseline, row] = await rowsOf([alone, ple]);
    expect(row?.tasks.click).toEqual({
      metric: 'auc',
      mean: expect.closeTo(0.816, 14),
      sd: expect.closeTo(Math.sqrt(0.00112 / 4), 14),
      gain: expect.closeTo(0.016, 14),
      relativeGain: expect.closeTo((100 * 0.016) / 0.3, 10),
      se: expect.closeTo(0.0114017542509914 / Math.sqrt(5), 14),
      interval: [expect.closeTo(0.0018428522301772911, 12), expect.closeTo(0.030157147769822645, 12)],
      p: expect.closeTo(0.034919706674538926, 12),
      pHolm: expect.closeTo(2 * 0.034919706674538926, 12),
      verdict: 'no difference seen',
      detectable: expect.closeTo(3.7610595538251244 * 0.005099019513592785, 11),
    });
    expect(row?.tasks.buy).toMatchObject({ gain: 0, se: 0, interval: [0, 0], p: 1, pHolm: 1 });
    expect(row).toMatchObject({ meanGain: expect.closeTo(0.008, 14), worstGain: 0, verdict: 'no difference seen' });
    expect(row?.parameters).toEqual({ embedding: 1, network: 2 });
    expect(baseline?.tasks.click).toEqual({
      ...{ metric: 'auc', mean: expect.closeTo(0.8, 14), sd: expect.closeTo(Math.sqrt(0.0002 / 4), 14) },
      ...{
        gain: null,
        relativeGain: null,
        se: null,
        interval: null,
        p: null,
        pHolm: null,
        verdict: null,
        detectable: null,
      },
    });
    expect(baseline).toMatchObject({ meanGain: null, worstGain: null, verdict: null });
  });

  it('of a metric of which less is better gains what it is lower by, relative to the baseline', async () => {
    const run = (label: string) => (mse: number, index: number) =>
      evaluatedRun(`${label}-${index}`, { rating: { type: 'regression', test: { mse, nmse: mse / 4, mae: null } } });
    const entries = [
      entryOf('alone', [2, 2.2, 1.8].map(run('alone'))),
      entryOf('ple', [1.5, 1.6, 1.4].map(run('ple'))),
    ];
    const tasks = [{ name: 'rating', type: 'regression' }];
    const [, row] = await rowsOf(entries, { tasks, seeds: [1, 2, 3] });
    expect(row?.tasks.rating).toMatchObject({
      metric: 'mse',
      gain: expect.closeTo(0.5, 14),
      relativeGain: expect.closeTo(25, 10),
    });
    expect(row?.meanGain).toBeCloseTo(0.125, 14); // of nmse
    const [, chosen] = await rowsOf(entries, { tasks, seeds: [1, 2, 3], metrics: { rating: 'nmse' } });
    expect(chosen?.tasks.rating).toMatchObject({ metric: 'nmse', gain: expect.closeTo(0.125, 14) });
  });

  it('tasks of two types have no mean gain', async () => {
    const run = (path: string) =>
      evaluatedRun(path, {
        click: { type: 'binary', test: { auc: 0.7 } },
        rating: { type: 'regression', test: { mse: 1, nmse: 0.5 } },
      });
    const entries = [entryOf('alone', [run('a1'), run('a2')]), entryOf('ple', [run('p1'), run('p2')])];
    const tasks = [
      { name: 'click', type: 'binary' },
      { name: 'rating', type: 'regression' },
    ];
    const [, row] = await rowsOf(entries, { tasks });
    expect(row).toMatchObject({ meanGain: null, worstGain: null, tasks: { click: { gain: 0 }, rating: { gain: 0 } } });
  });

  it('a relative gain needs a baseline above chance', async () => {
    const entries = [model('alone', [0.5, 0.4, 0.6], [0.6, 0.6, 0.6]), model('ple', [0.6, 0.6, 0.6], [0.6, 0.6, 0.6])];
    const comparison = await summarize(entries, { ...options, seeds: [1, 2, 3] });
    expect(comparison.rows[1]?.tasks.click).toMatchObject({ gain: expect.closeTo(0.1, 14), relativeGain: null });
    expect(comparison.notes.join('\n')).toContain("task 'click': no relative gain, since alone's auc");
  });
});

describe('verdicts', () => {
  it.each([
    ['better on all', 0.01, 0.02],
    ['better on some', 0.01, 0],
    ['seesaw', 0.01, -0.01],
    ['worse', -0.01, 0],
    ['worse', -0.01, -0.01],
    ['no difference seen', 0, 0],
  ])('%s: gains of %d and %d beside noise', async (verdict, click, buy) => {
    const [, row] = await rowsOf([alone, shifted('ple', click, buy)]);
    expect(row?.verdict).toBe(verdict);
    expect(row?.tasks.click?.verdict).toBe(click > 0 ? 'better' : click < 0 ? 'worse' : 'no difference seen');
  });

  it('two copies of one model: no difference seen, p = 1', async () => {
    const comparison = await summarize([alone, { ...alone, label: 'copy' }], options);
    expect(comparison.rows[1]).toMatchObject({
      verdict: 'no difference seen',
      tasks: { click: { gain: 0, p: 1, pHolm: 1 }, buy: { gain: 0, p: 1, pHolm: 1 } },
    });
    expect(comparison.notes).toEqual(["copy: every metric equals alone's in every pair."]);
  });

  it('a constant gain has no test', async () => {
    const click = [0.81, 0.82, 0.8, 0.81, 0.81];
    const comparison = await summarize([alone, model('ple', click, [0.7, 0.72, 0.69, 0.72, 0.7])], options);
    expect(comparison.rows[1]?.tasks.click).toMatchObject({
      se: null,
      p: null,
      pHolm: null,
      verdict: null,
      gain: expect.closeTo(0.01, 14),
    });
    expect(comparison.rows[1]?.verdict).toBeNull();
    expect(comparison.notes).toEqual([
      "ple, task 'click': the gain does not vary at all, so that there is no test of it.",
    ]);
  });

  it("Holm's family is all models and tasks of one point", async () => {
    const at = (point: Entry['point'], entry: Entry) => ({ ...entry, point });
    const [one, two] = [{ 'dataset.correlation': 0.2 }, { 'dataset.correlation': 1 }];
    const models = [alone, shifted('ple', 0.001, 0), shifted('mmoe', 0.0005, 0)];
    const both = await rowsOf([
      ...models.map((entry) => at(one, entry)),
      ...models.slice(0, 2).map((entry) => at(two, entry)),
    ]);
    expect(both.map(({ axis, label }) => [axis['dataset.correlation'], label])).toEqual([
      ...[
        [0.2, 'alone'],
        [0.2, 'ple'],
        [0.2, 'mmoe'],
      ],
      ...[
        [1, 'alone'],
        [1, 'ple'],
      ],
    ]);
    const smallest = both[1]?.tasks.click;
    expect(smallest?.pHolm).toBeCloseTo(4 * (smallest?.p ?? 0), 14);
    expect(both[4]?.tasks.click?.pHolm).toBeCloseTo(2 * (smallest?.p ?? 0), 14);
  });

  it('fewer than five seeds: gains and intervals only, and a note', async () => {
    const four = (entry: Entry) => ({ ...entry, runs: entry.runs.slice(0, 4) });
    const comparison = await summarize([alone, shifted('ple', 0.01, -0.01)].map(four), {
      ...options,
      seeds: [1, 2, 3, 4],
    });
    expect(comparison.rows[1]?.verdict).toBeNull();
    expect(comparison.rows[1]?.tasks.click).toMatchObject({
      verdict: null,
      interval: [expect.anything(), expect.anything()],
    });
    expect(comparison.notes).toEqual([
      'Gains and intervals only, no verdict: at least 5 seeds are needed, and there are 4.',
    ]);
  });

  it('one seed: the gain only', async () => {
    const one = (entry: Entry) => ({ ...entry, runs: entry.runs.slice(0, 1) });
    const comparison = await summarize([alone, shifted('ple', 0.01, -0.01)].map(one), { ...options, seeds: [1] });
    expect(comparison.rows[1]?.tasks.click).toMatchObject({
      sd: null,
      se: null,
      interval: null,
      p: null,
      gain: expect.closeTo(0.011, 14),
    });
    expect(comparison.notes).toEqual(['Gains only, no verdict: at least 5 seeds are needed, and there is 1.']);
  });
});

describe('pairs', () => {
  it('pitfall 22: gains are over the baseline of the same seed, where both runs are there', async () => {
    const ple = model('ple', [0.9, undefined, 0.81, 0.82, 0.83], [0.7, undefined, 0.7, 0.71, 0.7]);
    const partial = model('alone', [undefined, 0.81, 0.79, 0.8, 0.8], [undefined, 0.71, 0.69, 0.72, 0.68]);
    const comparison = await summarize([partial, ple], options);
    const [, row] = comparison.rows;
    expect(row?.tasks.click).toMatchObject({
      gain: expect.closeTo(0.07 / 3, 14),
      verdict: null,
      mean: expect.closeTo(0.84, 14),
    });
    expect(comparison.notes).toEqual([
      'alone: the run of seed 1 failed; the table is without it.',
      'ple: the run of seed 2 failed; the table is without it.',
      "ple, task 'click': 3 pairs with alone, no verdict: 5 are needed.",
      "ple, task 'buy': 3 pairs with alone, no verdict: 5 are needed.",
    ]);
    expect(row?.runs[1]).toEqual({ seed: 2, path: 'ple-2', status: 'failed' });
  });

  it('a metric that is not defined leaves its task’s pair out, and is noted', async () => {
    const ple = model('ple', [null, 0.83, 0.81, 0.82, 0.83], [0.7, 0.7, 0.7, 0.71, 0.7]);
    const comparison = await summarize([alone, ple], options);
    expect(comparison.rows[1]?.tasks.click?.gain).toBeCloseTo(0.09 / 4, 14);
    expect(comparison.rows[1]?.tasks.buy?.verdict).not.toBeNull();
    expect(comparison.notes[0]).toContain("ple: auc of task 'click' is not defined for the run of seed 1");
  });

  it('without the baseline at a point there are no gains', async () => {
    const [row] = await rowsOf([model('ple', [0.8, 0.8], [0.8, 0.8])]);
    expect(row?.tasks.click).toMatchObject({ mean: 0.8, sd: 0, gain: null, p: null });
    expect(row?.verdict).toBeNull();
  });

  it('the order in which runs finished does not matter', async () => {
    const entries = [alone, shifted('ple', 0.01, 0.003), shifted('mmoe', 0.001, -0.002)];
    const reversed = entries.map((entry) => ({ ...entry, runs: entry.runs.toReversed() }));
    expect(JSON.stringify(await summarize(reversed, options))).toBe(JSON.stringify(await summarize(entries, options)));
  });

  it('pitfall 22: refuses runs on other data, and names them', async () => {
    const tasks = { click: { type: 'binary', test: { auc: 0.7 } }, buy: { type: 'binary', test: { auc: 0.7 } } };
    const compare = (...data: { checksum?: string; rows?: number }[]) =>
      rowsOf(
        data.map((other, index) =>
          entryOf(index === 0 ? 'alone' : 'ple', [evaluatedRun(`run-${index}`, tasks, other)]),
        ),
      );
    await expect(compare({}, { checksum: 'other' })).rejects.toThrow(DataError);
    await expect(compare({}, { checksum: 'other' })).rejects.toThrow(/run-1 and run-0 .*checksums other and c0ffee00/);
    await expect(compare({}, { rows: 11 })).rejects.toThrow('30 + 10 + 11 and 30 + 10 + 10 rows');
    await expect(compare({}, {})).resolves.toHaveLength(2);
    // One file, split in another way into as many rows.
    const drawn = (path: string, counts: Readonly<Record<string, number>>) =>
      entryOf(path, [evaluatedRun(`${path}-1`, { ...tasks, buy: { type: 'binary', test: { auc: 0.7, ...counts } } })]);
    for (const [count, other] of [
      ['samples', 9],
      ['positives', 4],
      ['labelVariance', 0.21],
    ] as const) {
      const counts = { samples: 10, positives: 3, labelVariance: 0.2 };
      const compared = rowsOf([drawn('alone', counts), drawn('ple', { ...counts, [count]: other })]);
      await expect(compared).rejects.toThrow(
        `ple-1 and alone-1 were tested on different rows: task 'buy' has other ${count}.`,
      );
    }
    const twice = entryOf('ple', [evaluatedRun('run-1', tasks), evaluatedRun('run-2', tasks)]);
    const same = { ...twice, runs: twice.runs.map((run) => ({ ...run, seed: 1 })) };
    await expect(rowsOf([alone, same])).rejects.toThrow('run-1 and run-2 are two runs of one model under seed 1');
  });
});
