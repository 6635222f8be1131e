import { describe, expect, it } from 'vitest';
import type { ComparisonRow } from '../comparison.js';
import { squeezedVariances } from '../statistics/variances.js';
import type { Entry } from '../stored/entry.js';
import { buildEntry, configured, evaluatedRun, plainOptions } from './evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from './summarize.js';

const options: SummaryOptions = {
  name: 'made',
  baseline: 'alone',
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'buy', type: 'binary' },
  ],
  uncertainty: 'seeds',
  ...plainOptions(5),
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
    const run = evaluatedRun(`${label}-${index + 1}`, tasks, { checksum: `data-${JSON.stringify(point)}` });
    return { ...run, hasPredictions: true };
  });
  return buildEntry(label, runs, point);
}

async function summarizedRows(
  entries: readonly Entry[],
  changes: Partial<SummaryOptions> = {},
): Promise<readonly ComparisonRow[]> {
  return (await summarize(entries, { ...options, ...changes })).rows;
}

const alone = model('alone', [0.8, 0.81, 0.79, 0.8, 0.8], [0.7, 0.71, 0.69, 0.72, 0.68]);
const shifted = (label: string, click: number, buy: number) => {
  const noise = [0.001, -0.001, 0, 0.0005, -0.0005];
  const aucs = (task: 'click' | 'buy', gain: number) =>
    alone.runs.map(({ run }, index) => Number(run?.result.tasks[task]?.test.auc) + gain + (noise[index] ?? 0));
  return model(label, aucs('click', click), aucs('buy', buy));
};

describe('one model', () => {
  it('a case worked by hand', async () => {
    // SciPy 1.15: digamma, polygamma and brentq for the squeezed variances, then the convolution of two t densities by
    // quadrature.
    const ple = model('ple', [0.81, 0.83, 0.79, 0.83, 0.82], [0.7, 0.71, 0.69, 0.72, 0.68]);
    const [baseline, row] = await summarizedRows([alone, ple]);
    expect(row?.tasks.click).toEqual({
      metric: 'auc',
      mean: expect.closeTo(0.816, 14),
      sd: expect.closeTo(Math.sqrt(0.00112 / 4), 14),
      atLimit: 0,
      oneEpoch: null,
      gain: expect.closeTo(0.016, 14),
      gains: [0.01, 0.03, -0.01, 0.03, 0.02].map((gain, index) => ({
        seed: index + 1,
        gain: expect.closeTo(gain, 14),
      })),
      relativeGain: expect.closeTo((100 * 0.016) / 0.8, 10),
      se: expect.closeTo(0.008547150450841368, 12),
      interval: [expect.closeTo(-0.004610301141574812, 6), expect.closeTo(0.03661030114157484, 6)],
      simultaneous: [expect.closeTo(-0.008566840942908414, 6), expect.closeTo(0.04056684094290844, 6)],
      p: expect.closeTo(0.11195278549427852, 5),
      pHolm: expect.closeTo(2 * 0.11195278549427852, 5),
      margin: null,
      pEquivalent: null,
      pNotInferior: null,
      verdict: 'undecided',
    });
    expect(row?.tasks.buy).toMatchObject({ gain: 0, se: 0, interval: [0, 0], p: 1, pHolm: 1 });
    expect(row).toMatchObject({ meanGain: expect.closeTo(0.008, 14), worstGain: 0, verdict: 'undecided' });
    expect(row?.parameters).toEqual({ embedding: 1, network: 2 });
    const none = { gain: null, gains: [], se: null, interval: null, p: null, pHolm: null, verdict: null };
    expect(baseline?.tasks.click).toMatchObject({ mean: expect.closeTo(0.8, 14), ...none });
    expect(baseline).toMatchObject({ meanGain: null, worstGain: null, aggregate: null, verdict: 'baseline' });
  });

  it('of a metric of which less is better gains what it is lower by, relative to the baseline', async () => {
    const run = (label: string) => (mse: number, index: number) =>
      evaluatedRun(`${label}-${index}`, { rating: { type: 'regression', test: { mse, nmse: mse / 4, mae: null } } });
    const entries = [
      buildEntry('alone', [2, 2.2, 1.8].map(run('alone'))),
      buildEntry('ple', [1.5, 1.6, 1.4].map(run('ple'))),
    ];
    const tasks = [{ name: 'rating', type: 'regression' }];
    const [, row] = await summarizedRows(entries, { tasks, ...plainOptions(3) });
    expect(row?.tasks.rating).toMatchObject({
      metric: 'mse',
      gain: expect.closeTo(0.5, 14),
      relativeGain: expect.closeTo(25, 10),
    });
    expect(row?.meanGain).toBeCloseTo(0.125, 14); // of nmse
    const [, chosen] = await summarizedRows(entries, { tasks, ...plainOptions(3), metrics: { rating: 'nmse' } });
    expect(chosen?.tasks.rating).toMatchObject({ metric: 'nmse', gain: expect.closeTo(0.125, 14) });
  });

  it('of an error in log points is 100 ln(reference / model), and Δm takes it as it is; of AUC it is the difference', async () => {
    const errors = { alone: [2, 2.2, 1.8], ple: [1.5, 1.6, 1.4] };
    const run = (label: string) => (mse: number, index: number) =>
      evaluatedRun(`${label}-${index}`, {
        rating: { type: 'regression', test: { mse, nmse: mse / 4, mae: null } },
        click: { type: 'binary', test: { auc: label === 'ple' ? 0.82 : 0.8 } },
      });
    const entries = [
      buildEntry('alone', errors.alone.map(run('alone'))),
      buildEntry('ple', errors.ple.map(run('ple'))),
    ];
    const tasks = ['regression', 'binary'].map((type, index) => ({ name: ['rating', 'click'][index] ?? '', type }));
    const made = await summarize(entries, {
      ...options,
      ...plainOptions(3),
      ...{ tasks, errorGains: 'log', margins: { mse: { percent: 5 } } },
    });
    const meanLog = (values: readonly number[]) => values.reduce((sum, value) => sum + Math.log(value) / 3, 0);
    const gain = 100 * (meanLog(errors.alone) - meanLog(errors.ple));
    expect(made.errorGains).toBe('log');
    expect(made.rows[1]?.tasks.rating).toMatchObject({
      ...{ gain: expect.closeTo(gain, 10), relativeGain: expect.closeTo(gain, 10), margin: 5 },
      mean: expect.closeTo(1.5, 12),
    });
    expect(made.rows[1]?.tasks.click?.gain).toBeCloseTo(0.02, 12);
    expect(made.rows[1]?.aggregate?.gain).toBeCloseTo((gain + 2.5) / 2, 10);
  });

  it('a relative gain needs a metric above 0', async () => {
    const entries = [model('alone', [0, 0.1, -0.1], [0.6, 0.6, 0.6]), model('ple', [0.1, 0.1, 0.1], [0.6, 0.6, 0.6])];
    const comparison = await summarize(entries, { ...options, ...plainOptions(3) });
    expect(comparison.rows[1]?.tasks.click).toMatchObject({ gain: expect.closeTo(0.1, 14), relativeGain: null });
    expect(comparison.rows[1]?.aggregate).toBeNull();
    expect(comparison.notes.join('\n')).toContain("task 'click': no relative gain, and no Δm: alone's auc");
  });
});

describe('verdicts', () => {
  it('within the margin: equivalent, whether or not the gain differs from 0', async () => {
    const margins = { auc: { absolute: 0.12 } };
    const [, small, none, large] = await summarizedRows(
      [alone, shifted('small', 0.06, 0.06), shifted('none', 0, 0), shifted('large', 0.19, 0.11)],
      { margins },
    );
    expect(small).toMatchObject({ verdict: 'equivalent', tasks: { click: { margin: 0.12, verdict: 'equivalent' } } });
    expect(small?.tasks.click?.pHolm).toBeLessThan(0.05);
    expect(none?.verdict).toBe('equivalent');
    expect(large).toMatchObject({ verdict: 'better on all', tasks: { buy: { verdict: 'better' } } });
    expect(large?.tasks.buy?.pNotInferior).toBeLessThan(0.05);
    const [, percent] = await summarizedRows([alone, shifted('small', 0.002, 0.002)], {
      margins: { auc: { percent: 1 } },
    });
    expect(percent?.tasks.click?.margin).toBeCloseTo(0.008, 14); // of .8
    expect(percent?.tasks.buy?.margin).toBeCloseTo(0.007, 14);
  });

  it('the same runs under two labels are equivalent within any margin, and undecided without one', async () => {
    const copies = [alone, { ...alone, label: 'copy' }];
    const { rows, notes } = await summarize(copies, options);
    expect(rows[1]).toMatchObject({ verdict: 'undecided', tasks: { click: { gain: 0, p: 1, pHolm: 1 } } });
    expect(notes).toEqual(["copy: every metric equals alone's in every run."]);
    const [, copy] = await summarizedRows(copies, { margins: { auc: { absolute: 1e-9 } } });
    expect(copy?.verdict).toBe('equivalent');
  });

  it("Holm's family is all models and tasks of one point", async () => {
    const at = (point: Entry['point'], entry: Entry) => ({ ...entry, point });
    const [one, two] = [{ 'dataset.correlation': 0.2 }, { 'dataset.correlation': 1 }];
    const models = [alone, shifted('ple', 0.02, 0), shifted('mmoe', 0.01, 0)];
    const both = await summarizedRows([
      ...models.map((entry) => at(one, entry)),
      ...models.slice(0, 2).map((entry) => at(two, entry)),
    ]);
    expect(both.map(({ axis }) => axis)).toEqual([one, one, one, two, two]);
    const smallest = both[1]?.tasks.click;
    expect(smallest?.pHolm).toBeCloseTo(4 * (smallest?.p ?? 0), 14);
    expect(both[4]?.tasks.click?.pHolm).toBeCloseTo(2 * (both[4]?.tasks.click?.p ?? 0), 14);
  });

  it('a task that no model predicts is named, with its points', async () => {
    const five = (auc: number) => [auc, auc, auc, auc, auc + 0.005];
    const entries = [0.2, 1].flatMap((correlation) => {
      const point = { 'dataset.correlation': correlation };
      const best = correlation === 1 ? 0.498 : 0.6;
      return [model('alone', five(0.8), five(0.49), point), model('ple', five(0.81), five(best), point)];
    });
    const { notes } = await summarize(entries, { ...options, axes: { 'dataset.correlation': [0.2, 1] } });
    expect(notes.filter((note) => note.includes('better than its mean'))).toEqual([
      expect.stringMatching(/^Task 'buy' \(correlation 1\): no model predicts .*\(best AUC 0\.499\)/),
    ]);
  });

  it('two seeds decide nothing, three may', async () => {
    const of = (count: number) =>
      summarize(
        [alone, shifted('ple', 0.1, -0.1)].map((entry) => ({ ...entry, runs: entry.runs.slice(0, count) })),
        { ...options, ...plainOptions(count) },
      );
    const [two, three] = [await of(2), await of(3)];
    expect(two.rows[1]).toMatchObject({
      verdict: 'undecided',
      tasks: { click: { interval: [expect.anything(), expect.anything()] } },
    });
    expect(two.notes).toEqual([]); // the answer says that two seeds are too few
    expect(three.rows[1]?.verdict).toBe('seesaw');
    expect(three.notes).toEqual([]);
  });
});

describe('a table of three models or more', () => {
  const noisy = (label: string, gain: number, phase: number) =>
    model(
      label,
      [0.8, 0.81, 0.79, 0.8, 0.8].map((auc, index) => auc + gain + 0.003 * Math.sin(3 * index + phase)),
      [0.7, 0.71, 0.69, 0.72, 0.68].map((auc, index) => auc + 0.003 * Math.cos(5 * index + phase)),
    );
  const models = [alone, noisy('a', 0.001, 1), noisy('b', 0.008, 2), noisy('c', 0, 4)];

  it('contrasts are a family of their own, against the model that they name', async () => {
    const comparison = await summarize(models, {
      ...options,
      contrasts: [
        ['b', 'a'],
        ['c', 'alone'],
      ],
    });
    const [against, same] = comparison.contrasts;
    const [, a, b] = comparison.rows.map(({ tasks }) => Number(tasks.click?.mean));
    const gain = Number(b) - Number(a);
    expect(against?.tasks.click?.gain).toBeCloseTo(gain, 12);
    expect(against?.tasks.click?.relativeGain).toBeCloseTo((100 * gain) / Number(a), 10);
    // of the four p-values of both contrasts, not of the table's six
    const found = comparison.contrasts.flatMap(({ tasks }) => Object.values(tasks));
    const smallest = found.toSorted((x, y) => (x.p ?? 1) - (y.p ?? 1))[0];
    expect(smallest?.pHolm).toBeCloseTo(4 * (smallest?.p ?? 0), 12);
    // with the variances of the whole table
    expect(same?.tasks.click?.p).toBe(comparison.rows[3]?.tasks.click?.p);
    expect(comparison.rows).toEqual(await summarizedRows(models));
  });

  it('a side of a contrast may be the mean of several models', async () => {
    const contrasts = [
      ['b', ['a', 'c']],
      [
        ['a', 'b'],
        ['c', 'alone'],
      ],
    ] as const;
    const comparison = await summarize(models, { ...options, contrasts });
    const clicks = (label: string) =>
      models
        .find((entry) => entry.label === label)
        ?.runs.map(({ run }) => Number(run?.result.tasks['click']?.test['auc'])) ?? [];
    const means = clicks('a').map((auc, seed) => (auc + (clicks('c')[seed] ?? 0)) / 2);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);
    const [against, main] = comparison.contrasts;
    expect(against).toMatchObject({ model: 'b', reference: 'mean of a, c', references: ['a', 'c'] });
    expect(against?.tasks.click?.gain).toBeCloseTo(mean(clicks('b')) - mean(means), 12);
    // The variance of b is squeezed over the table's models; that of the mean is its own.
    const [ofClick = []] = squeezedVariances([
      models.map(({ label }) => clicks(label)),
      models.map(({ runs }) => runs.map(({ run }) => Number(run?.result.tasks['buy']?.test['auc']))),
    ]).variances;
    expect(against?.tasks.click?.se).toBeCloseTo(Math.sqrt(((ofClick[2]?.variance ?? 0) + variance(means)) / 5), 12);
    expect(main).toMatchObject({ model: 'mean of a, b', models: ['a', 'b'], reference: 'mean of c, alone' });
  });

  it('the mean relative gain: the weighted mean of both, from the runs', async () => {
    const weighted = await summarizedRows(models, { taskWeights: { click: 3 } });
    const [, a] = weighted;
    const [click, buy] = [a?.tasks.click, a?.tasks.buy];
    expect(a?.aggregate?.gain).toBeCloseTo((3 * (click?.relativeGain ?? 0) + (buy?.relativeGain ?? 0)) / 4, 10);
    const pairs = click?.gains.map(
      ({ gain }, index) => (3 * gain) / 0.8 / 4 + (buy?.gains[index]?.gain ?? 0) / 0.7 / 4,
    );
    for (const [index, { gain }] of (a?.aggregate?.gains ?? []).entries())
      expect(gain).toBeCloseTo(100 * (pairs?.[index] ?? 0), 9);
    expect(a?.aggregate?.se).toBeGreaterThan(0);
  });
});

it('seeds that were added later are told', async () => {
  const { seedsBefore, notes } = await summarize([alone, shifted('ple', 0.1, 0.1)], {
    ...options,
    seedsBefore: [3, 4],
  });
  expect(seedsBefore).toEqual([3, 4]);
  expect(notes).toEqual([
    'Seeds were added later: this table was tested with 3, 4 seeds before. Its tests do not account for that, so false differences are more likely than they say.',
  ]);
});

describe('runs', () => {
  it('pitfall 22: gains are over the baseline, of all runs that both have', async () => {
    const ple = model('ple', [0.9, undefined, 0.81, 0.82, 0.83], [0.7, undefined, 0.7, 0.71, 0.7]);
    const partial = model('alone', [undefined, 0.81, 0.79, 0.8, 0.8], [undefined, 0.71, 0.69, 0.72, 0.68]);
    const comparison = await summarize([partial, ple], options);
    const [, row] = comparison.rows;
    expect(row?.tasks.click).toMatchObject({
      gain: expect.closeTo(0.04, 14),
      gains: [{ seed: 1 }, { seed: 3 }, { seed: 4 }, { seed: 5 }],
      mean: expect.closeTo(0.84, 14),
    });
    expect(comparison.notes).toEqual([
      'alone: the run of seed 1 failed; the table is without it.',
      'ple: the run of seed 2 failed; the table is without it.',
      expect.stringMatching(/^Undecided gains: about \d+ seeds would decide \w.* on \w+[.;]/),
    ]);
    expect(row?.runs[1]).toEqual({ seed: 2, path: 'ple-2', status: 'failed' });
  });

  const drawn = (label: string, auc: readonly number[], dataset: object = {}, draws = auc.length): Entry => {
    const runs = auc.map((value, index) => {
      const task = { type: 'binary', test: { auc: value } };
      return evaluatedRun(`${label}-${index + 1}`, { click: task, buy: task }, { checksum: `draw ${index % draws}` });
    });
    return configured(buildEntry(label, runs), dataset);
  };
  const [base, ple] = [
    [0.8, 0.7, 0.9, 0.6, 0.75],
    [0.81, 0.72, 0.9, 0.63, 0.77],
  ] as const;

  // scipy 1.17.1: ttest_rel of the differences .01 .02 0 .03 .02
  it('data drawn anew for each seed: paired by draw, with Student’s t', async () => {
    const comparison = await summarize([drawn('alone', base), drawn('ple', ple)], options);
    expect(comparison.test).toMatchObject({ priorDegreesOfFreedom: 0 });
    expect(comparison.rows.map(({ design }) => design)).toEqual([null, 'draws']);
    expect(comparison.rows[1]?.tasks.click).toMatchObject({
      gain: expect.closeTo(0.016, 12),
      gains: [0.01, 0.02, 0, 0.03, 0.02].map((gain, index) => ({ seed: index + 1, gain: expect.closeTo(gain, 12) })),
      se: expect.closeTo(0.005099019513592785, 12),
      p: expect.closeTo(0.034919706674538926, 6),
      interval: [expect.closeTo(0.0018428522301772911, 7), expect.closeTo(0.030157147769822645, 7)],
    });
  });

  it('data drawn anew for each seed: a seed that failed is left out of both models', async () => {
    const entry = drawn('ple', ple);
    const failed = { ...entry, runs: entry.runs.map(({ run, ...of }) => (run && of.seed > 1 ? { ...of, run } : of)) };
    const { rows } = await summarize([drawn('alone', base), failed], options);
    expect(rows[1]?.tasks.click).toMatchObject({
      gain: expect.closeTo(0.0175, 12),
      gains: [0.02, 0, 0.03, 0.02].map((gain, index) => ({ seed: index + 2, gain: expect.closeTo(gain, 12) })),
    });
  });

  it('several seeds on each draw of the data count as one: draws are the sample', async () => {
    const onDraws = [drawn('alone', [...base, 0.8], {}, 3), drawn('ple', [...ple, 0.82], {}, 3)];
    const six = { ...options, ...plainOptions(6) };
    const gain = (await summarize(onDraws, six)).rows[1]?.tasks.click;
    // The means of draws are .02, .02 and .01: scipy 1.15, ttest_1samp.
    expect(gain?.gain).toBeCloseTo(0.1 / 6, 12);
    expect(gain?.se).toBeCloseTo(0.01 / 3, 12);
    expect(gain?.p).toBeCloseTo(0.0377495513504, 6);
    const two = onDraws.map((entry) => ({ ...entry, runs: entry.runs.filter((_, index) => index % 3 < 2) }));
    expect((await summarize(two, six)).rows[1]?.tasks.click).toMatchObject({
      verdict: 'undecided',
      pNotInferior: null,
    });
  });

  it('one file split anew: the overlap of training sets counts, by Nadeau and Bengio', async () => {
    const split = { loader: 'table', splitSeed: 'run' };
    const comparison = await summarize([drawn('alone', base, split), drawn('ple', ple, split)], options);
    expect(comparison.rows[1]?.design).toBe('splits');
    const variance = 0.0114017542509914 ** 2; // 10 test rows, 30 training rows
    expect(comparison.rows[1]?.tasks.click?.se).toBeCloseTo(Math.sqrt(variance * (1 / 5 + 10 / 30)), 12);
  });

  it('a run whose metric is not defined is left out of its task, and is noted', async () => {
    const ple = model('ple', [null, 0.83, 0.81, 0.82, 0.83], [0.7, 0.7, 0.7, 0.71, 0.7]);
    const comparison = await summarize([alone, ple], options);
    expect(comparison.rows[1]?.tasks.click?.gain).toBeCloseTo(0.8225 - 0.8, 14);
    expect(comparison.rows[1]?.tasks.buy?.gains).toHaveLength(5);
    expect(comparison.notes[0]).toContain(
      "ple: auc of task 'click' is not defined for the run of seed 1 (NaN, or labels that do not vary)",
    );
  });

  it('without the baseline at a point there are no gains', async () => {
    const [row] = await summarizedRows([model('ple', [0.8, 0.8], [0.8, 0.8])]);
    expect(row?.tasks.click).toMatchObject({ mean: 0.8, sd: 0, gain: null, p: null, verdict: null });
    expect(row?.verdict).toBe('undecided');
  });

  it('the order in which runs finished does not matter', async () => {
    const entries = [alone, shifted('ple', 0.01, 0.003), shifted('mmoe', 0.001, -0.002)];
    const reversed = entries.map((entry) => ({ ...entry, runs: entry.runs.toReversed() }));
    expect(JSON.stringify(await summarize(reversed, options))).toBe(JSON.stringify(await summarize(entries, options)));
  });

  it('pitfall 22: refuses runs on other data, and names them', async () => {
    const tasks = { click: { type: 'binary', test: { auc: 0.7 } }, buy: { type: 'binary', test: { auc: 0.7 } } };
    const compare = (...data: { checksum?: string; rows?: number }[]) =>
      summarizedRows(
        data.map((other, index) =>
          buildEntry(index === 0 ? 'alone' : 'ple', [evaluatedRun(`run-${index}`, tasks, other)]),
        ),
      );
    await expect(compare({}, { checksum: 'other' })).rejects.toThrow(/run-0 and run-1 .*checksums c0ffee00 and other/);
    await expect(compare({}, { rows: 11 })).rejects.toThrow('30 + 10 + 10 and 30 + 10 + 11 rows');
    // One file, split in another way into as many rows.
    const drawn = (path: string, counts: Readonly<Record<string, number>>) =>
      buildEntry(path, [
        evaluatedRun(`${path}-1`, { ...tasks, buy: { type: 'binary', test: { auc: 0.7, ...counts } } }),
      ]);
    const compared = summarizedRows([
      drawn('alone', { samples: 10, positives: 3 }),
      drawn('ple', { samples: 10, positives: 4 }),
    ]);
    await expect(compared).rejects.toThrow(
      "alone-1 and ple-1 were tested on different rows: task 'buy' has other positives.",
    );
  });
});

it('takes each task of a seed from the run that has it', async () => {
  const tasks = ['click', 'buy'];
  const aucs = [
    [0.5, null],
    [0.9, 0.7],
  ];
  const runs = aucs.map(([click = null, buy = null], run) =>
    evaluatedRun(`run-${run}`, {
      click: { type: 'binary', test: { auc: click } },
      buy: { type: 'binary', test: { auc: buy } },
    }),
  );
  const two = configured(buildEntry('alone', runs), {}, (run) => ({
    tasks: Object.fromEntries(
      Object.entries(runs[run]?.result.tasks ?? {}).map(([task, of], index) => [
        task,
        { ...of, ended: index === run ? 'plateau' : 'limit' },
      ]),
    ),
    parametersByTask: { click: { embedding: 1 + run, network: 10 }, buy: { embedding: 5, network: 100 + run } },
    oneEpoch: { epoch: 1, tasks: runs[run]?.result.tasks },
  }));
  const apart = two.runs.map((run, index) => ({ ...run, seed: 1, tasks: tasks.slice(index, index + 1) }));
  const { rows, notes } = await summarize([{ ...two, runs: apart }], { ...options, ...plainOptions(1) });
  expect(rows).toMatchObject([
    {
      runs: [{ seed: 1, path: 'run-0', status: 'done', parts: { click: 'run-0', buy: 'run-1' } }],
      tasks: { click: { mean: 0.5, oneEpoch: null }, buy: { mean: 0.7 } },
      parameters: { embedding: 6, network: 111 },
      atLimit: 0,
    },
  ]);
  expect(notes).toEqual([
    'Errors cover training noise only, not the choice of test rows: not every run has kept its predictions.',
    expect.stringMatching(/^Task 'click': no model predicts it better than its mean/),
  ]);
});

describe('a plateau', () => {
  const ended = (entry: Entry, limits: number) =>
    configured(entry, {}, (index) => ({ ended: index < limits ? 'limit' : 'plateau' }));

  it('a model of which more than a fifth of the runs, or of the baseline’s, ended at the limit has no other verdict', async () => {
    const verdict = async (ofBaseline: number, ofModel: number) => {
      const [, row] = await summarizedRows([ended(alone, ofBaseline), ended(shifted('ple', 0.1, 0.1), ofModel)]);
      return [row?.verdict, row?.atLimit];
    };
    expect(await verdict(0, 0)).toEqual(['better on all', 0]);
    expect(await verdict(1, 1)).toEqual(['better on all', 1]);
    expect(await verdict(0, 2)).toEqual(['not trained to a plateau', 2]);
    expect(await verdict(2, 0)).toEqual(['not trained to a plateau', 0]);
  });

  it('that one task lacks, of the model or of the baseline, takes its verdict alone: Δm and the model’s wait', async () => {
    const late = (entry: Entry, limits: number) => {
      const ends = (run: number) => ({ click: 'plateau', buy: run < limits ? 'limit' : 'plateau' });
      return configured(entry, {}, (run) => ({
        tasks: Object.fromEntries(
          Object.entries(entry.runs[run]?.run?.result.tasks ?? {}).map(([task, of]) => [
            task,
            { ...of, ended: Object.entries(ends(run)).find(([name]) => name === task)?.[1] },
          ]),
        ),
      }));
    };
    const table = (ofBaseline: number, ofModel: number) =>
      summarizedRows([late(alone, ofBaseline), late(shifted('ple', 0.1, 0.1), ofModel), shifted('cgc', 0.1, 0)]);
    const [, whole, other] = await table(0, 1);
    expect(whole).toMatchObject({ verdict: 'better on all', tasks: { buy: { verdict: 'better', atLimit: 1 } } });
    for (const [ofBaseline, ofModel] of [
      [0, 3],
      [2, 0],
    ] as const) {
      const [, row, beside] = await table(ofBaseline, ofModel);
      expect(row).toMatchObject({
        verdict: 'not trained to a plateau',
        aggregate: { verdict: 'not trained to a plateau', p: expect.any(Number) },
        atLimit: ofModel,
        tasks: {
          click: { verdict: 'better', atLimit: 0 },
          buy: { verdict: 'not trained to a plateau', atLimit: ofModel },
        },
      });
      // The family keeps its members: no p-value gets smaller because a verdict waits.
      const adjusted = (one: typeof row) => Object.values(one?.tasks ?? {}).map(({ pHolm }) => pHolm);
      expect([adjusted(row), adjusted(beside)]).toEqual([adjusted(whole), adjusted(other)]);
      expect(beside?.tasks.click?.verdict).toBe('better');
    }
  });
});
