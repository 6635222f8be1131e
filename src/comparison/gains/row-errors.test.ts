import { describe, expect, it } from 'vitest';
import { must } from '../../support/must.js';
import type { TaskPredictions } from '../../training/predictions.js';
import { testFamily } from '../statistics/gain-family.js';
import { squeezedVariances } from '../statistics/variances.js';
import type { Entry } from '../stored/entry.js';
import { buildEntry, configured, evaluatedRun, plainOptions, predictedRun } from './evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from './summarize.js';

const options: SummaryOptions = {
  name: 'made',
  baseline: 'alone',
  uncertainty: 'rows',
  ...plainOptions(2),
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'rating', type: 'regression' },
  ],
};

/** Rows of one test set: the labels, the mask of both tasks, and a model's noise by seed. */
const count = 40;
const rows = Array.from({ length: count }, (_, row) => row);
const noise = (row: number, seed: number) => Math.sin(row * row + 17 * seed);
const clickLabel = (row: number) => (Math.sin(3 * row) > 0.3 ? 1 : 0);
const rating = (row: number) => Math.cos(5 * row);
const inTask = (row: number) => (row % 5 === 0 ? 0 : 1);

/** A run whose predictions are the truth times `skill` and noise. `from` numbers the first row of its test set. */
function predictions(skill: number, seed: number, from = 0): TaskPredictions[] {
  const mine = rows.map((row) => row + from);
  const mask = Float32Array.from(mine, inTask);
  const scores = (truth: (row: number) => number) => ({
    logits: Float32Array.from(mine, (row) => skill * truth(row) + noise(row, seed)),
    labels: Float32Array.from(mine, truth),
    mask,
  });
  return [
    { task: { name: 'click', type: 'binary', offset: 0, scale: 1 }, scores: scores(clickLabel) },
    { task: { name: 'rating', type: 'regression', offset: 0, scale: 1 }, scores: scores(rating) },
  ];
}

const model = (
  label: string,
  skill: number,
  seeds: readonly number[],
  from: (seed: number) => number = () => 0,
): Entry =>
  buildEntry(
    label,
    seeds.map((seed) =>
      predictedRun(`${label}-${seed}`, predictions(skill, seed, from(seed)), { checksum: `rows from ${from(seed)}` }),
    ),
  );

/** Rows of the task: the two classes' rows, and all. */
const inside = rows.filter((row) => inTask(row) > 0);

const logit = (skill: number, seed: number) => (row: number) => Math.fround(skill * clickLabel(row) + noise(row, seed));
const loss = (skill: number, seed: number) => (row: number) =>
  (Math.fround(skill * rating(row) + noise(row, seed)) - Math.fround(rating(row))) ** 2;

/** Of one run, row by row of `of` against `against`: how many of them are ordered right. */
function placements(logits: (row: number) => number, of: readonly number[], against: readonly number[]): number[] {
  return of.map((a) => mean(against.map((b) => (logits(a) > logits(b) ? 1 : logits(a) === logits(b) ? 0.5 : 0))));
}

describe('rows alone', () => {
  it('of seeds on the same rows: by the definition, over averages of the seeds', async () => {
    const seeds = [1, 2];
    const comparison = await summarize([model('alone', 0.4, [11, 12]), model('ple', 0.8, [21, 22])], options);
    const gains = comparison.rows[1]?.tasks;

    const [positives, negatives] = [1, 0].map((label) => inside.filter((row) => clickLabel(row) === label));
    if (!positives || !negatives) throw new Error('Two classes.');
    const averaged = (of: readonly number[], against: readonly number[]) => {
      const each = seeds.map((seed) => {
        const [ple, alone] = [
          placements(logit(0.8, 20 + seed), of, against),
          placements(logit(0.4, 10 + seed), of, against),
        ];
        return ple.map((value, index) => value - (alone[index] ?? 0));
      });
      return of.map((_, index) => mean(each.map((values) => values[index] ?? 0)));
    };
    const expected =
      variance(averaged(positives, negatives)) / positives.length +
      variance(averaged(negatives, positives)) / negatives.length;
    expect(gains?.click?.se).toBeCloseTo(Math.sqrt(expected), 10);
    expect(gains?.click?.interval?.[1]).toBeCloseTo(
      (gains?.click?.gain ?? 0) + 1.959963984540054 * Math.sqrt(expected),
      9,
    );

    const better = inside.map((row) =>
      mean(seeds.map((seed) => loss(0.4, 10 + seed)(row) - loss(0.8, 20 + seed)(row))),
    );
    expect(gains?.rating?.gain).toBeCloseTo(mean(better), 12);
    expect(gains?.rating?.se).toBeCloseTo(Math.sqrt(variance(better) / better.length), 12);
  });

  it('of one file that is split anew: test sets overlap, and count as one', async () => {
    const from = (seed: number) => 100 * (seed % 10);
    const entries = [model('alone', 0.4, [11, 12], from), model('ple', 0.8, [21, 22], from)];
    const split = entries.map((entry) => configured(entry, { loader: 'table', splitSeed: 'run' }));
    const [apart, one] = [await summarize(entries, options), await summarize(split, options)];
    const se = (comparison: typeof apart) => Number(comparison.rows[1]?.tasks.rating?.se);
    expect(se(one)).toBeCloseTo(Math.SQRT2 * se(apart), 12);
  });

  it('in log points are the same for labels of any scale', async () => {
    const scaled = (label: string, skill: number, seed: number, scale: number) => {
      const of = predictions(skill, seed).map(({ task, scores }) => {
        const factor = task.type === 'regression' ? scale : 1;
        const times = (values: ArrayLike<number>) => Float32Array.from(values, (value) => factor * value);
        return { task, scores: { ...scores, logits: times(scores.logits), labels: times(scores.labels) } };
      });
      return buildEntry(label, [predictedRun(label, of, { checksum: 'rows' })]);
    };
    const gains = await Promise.all(
      [1, 8].map(async (scale) => {
        const entries = [scaled('alone', 0.4, 1, scale), scaled('ple', 0.8, 2, scale)];
        const made = await summarize(entries, { ...options, seeds: [1], errorGains: 'log' });
        return must(made.rows[1]?.tasks.rating, 'gain');
      }),
    );
    expect(gains[1]?.gain).toBeCloseTo(gains[0]?.gain ?? 0, 9);
    expect(gains[1]?.se).toBeCloseTo(gains[0]?.se ?? 0, 9);
    // By the delta method: of the ratio of the mean squared errors.
    const [own, other] = [inside.map(loss(0.8, 2)), inside.map(loss(0.4, 1))];
    const parts = own.map((value, row) => 100 * (value / mean(own) - (other[row] ?? 0) / mean(other)));
    expect(gains[0]?.se).toBeCloseTo(Math.sqrt(variance(parts) / parts.length), 6);
  });

  it('a metric that has none: nothing is defined, and a note says so', async () => {
    const comparison = await summarize([model('alone', 0.4, [11, 12]), model('ple', 0.8, [21, 22])], {
      ...options,
      metrics: { click: 'calibrationError' },
    });
    expect(comparison.rows[1]?.tasks.click).toMatchObject({ gain: expect.any(Number), se: null, p: null });
    expect(comparison.rows[1]?.tasks.rating?.p).not.toBeNull();
    expect(comparison.notes[1]).toContain("Task 'click': calibrationError has no error over test rows");
    expect(comparison.notes).toHaveLength(3); // and that nothing predicts the rating
  });
});

const rowGroup = (row: number) => row % 8;
const grouped = (label: string, skill: number, seed: number, group = rowGroup) => {
  const own = predictions(skill, seed).map(({ task, scores }) => ({
    task,
    scores: { ...scores, groups: Int32Array.from(rows, group) },
  }));
  return buildEntry(label, [predictedRun(label, own, { checksum: 'rows' })]);
};

it('if the data name groups, groups are drawn: the influences of a group’s rows are summed, on every task', async () => {
  const [metrics, taskWeights] = [{ click: 'groupedAuc' }, { rating: 3 }];
  const entries = [grouped('alone', 0.4, 1), grouped('ple', 0.8, 2)];
  const { rows: found, test } = await summarize(entries, { ...options, seeds: [1], metrics, taskWeights });
  const [alone, ple] = found;

  const groups = Array.from({ length: 8 }, (_, group) => inside.filter((row) => rowGroup(row) === group));
  const ofRun = (skill: number, seed: number) => {
    const areas = groups.map((own) => {
      const [positives, negatives] = [1, 0].map((label) => own.filter((row) => clickLabel(row) === label));
      const known = positives?.length && negatives?.length;
      return known ? mean(placements(logit(skill, seed), positives, negatives)) : null;
    });
    const sizes = groups.map((own, group) => (areas[group] === null ? 0 : own.length));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const area = sizes.reduce((sum, size, group) => sum + (size * (areas[group] ?? 0)) / total, 0);
    const compared = sizes.filter((size) => size > 0).length;
    const centre = mean(inside.map(loss(skill, seed)));
    return groups.map((own, group) => ({
      click: (Math.sqrt(compared / (compared - 1)) * (sizes[group] ?? 0) * ((areas[group] ?? area) - area)) / total,
      rating:
        own.reduce((sum, row) => sum + loss(skill, seed)(row) - centre, 0) /
        Math.sqrt(inside.length * (inside.length - 1)),
    }));
  };
  const [own, other] = [ofRun(0.8, 2), ofRun(0.4, 1)];
  const factor = {
    click: 100 / (alone?.tasks.click?.mean ?? 0) / 4,
    rating: (3 * 100) / (alone?.tasks.rating?.mean ?? 0) / 4,
  };
  const squares = own.map(({ click, rating }, group) => {
    const against = other[group];
    const [a, b] = [click - (against?.click ?? 0), rating - (against?.rating ?? 0)];
    return [a ** 2, b ** 2, (factor.click * a - factor.rating * b) ** 2] as const;
  });
  const root = (place: 0 | 1 | 2) => Math.sqrt(squares.reduce((sum, square) => sum + square[place], 0));
  expect(ple?.tasks.click?.se).toBeCloseTo(root(0), 12);
  expect(ple?.tasks.rating?.se).toBeCloseTo(root(1), 12);
  expect(ple?.aggregate?.se).toBeCloseTo(root(2), 9);
  expect(test.drawn).toBe('groups');
});

it('one group has no error: it says nothing of others', async () => {
  const entries = [grouped('alone', 0.4, 1, () => 0), grouped('ple', 0.8, 2, () => 0)];
  const { rows: found } = await summarize(entries, { ...options, seeds: [1] });
  expect(found[1]?.tasks.rating).toMatchObject({ gain: expect.any(Number), se: null, p: null });
});

describe('both', () => {
  const seeds = [1, 2, 3, 4, 5];
  const entries = (from: (seed: number) => number = () => 0) => [
    model('alone', 0.4, seeds, from),
    model(
      'ple',
      0.8,
      seeds.map((seed) => seed + 5),
      (seed) => from(seed - 5),
    ),
  ];
  const of = async (uncertainty: SummaryOptions['uncertainty'], from?: (seed: number) => number) =>
    (await summarize(entries(from), { ...options, seeds, uncertainty })).rows[1]?.tasks.rating;

  it('add their squares; that of the rows counts as known', async () => {
    const [overSeeds, overRows, both] = [await of('seeds'), await of('rows'), await of('both')];
    const [a, b] = [(overSeeds?.se ?? Number.NaN) ** 2, (overRows?.se ?? Number.NaN) ** 2];
    expect(both?.se).toBeCloseTo(Math.sqrt(a + b), 12);
    const tasks = ['click', 'rating'] as const;
    const testValues = (entry: Entry, task: string) =>
      entry.runs.map(({ run }) => Number(run?.result.tasks[task]?.test[task === 'click' ? 'auc' : 'mse']));
    const pool = squeezedVariances(tasks.map((task) => entries().map((entry) => testValues(entry, task))));
    const estimated = (pool.variances[1] ?? []).flatMap((own) =>
      own ? [{ ...own, variance: own.variance / 5, runs: 5 }] : [],
    );
    const error = { estimated, known: b };
    const [expected] = testFamily([{ gain: both?.gain ?? Number.NaN, error, margin: null }], 0.05);
    expect(both?.p).toBeCloseTo(expected?.p ?? Number.NaN, 12);
    expect(both?.interval?.[0]).toBeCloseTo(expected?.interval?.[0] ?? Number.NaN, 12);
    expect(both?.gain).toBe(overSeeds?.gain);
  });

  it('of seeds with rows of their own are the error over seeds', async () => {
    const own = (seed: number) => 100 * seed;
    expect(await of('both', own)).toEqual(await of('seeds', own));
  });
});

describe('refused', () => {
  it('a run without predictions', async () => {
    const [alone, ple] = [
      model('alone', 0.4, [1]),
      predictedRun('ple', predictions(0.8, 2), { checksum: 'rows from 0' }),
    ];
    const bare = buildEntry('ple', [
      evaluatedRun('runs/ple-1', ple.result.tasks, { checksum: 'rows from 0', rows: count }),
    ]);
    await expect(summarize([alone, bare], options)).rejects.toThrow(
      /^runs\/ple-1 has no predictions\.arrow.*: delete the folder and train it again with predictions, or use uncertainty seeds\.$/,
    );
    await expect(summarize([alone, bare], { ...options, uncertainty: 'seeds' })).resolves.toMatchObject({ schema: 6 });
  });

  it('runs of one checksum with other labels', async () => {
    const [click, rating] = predictions(0.8, 2);
    if (!click || !rating) throw new Error('There are two tasks.');
    const counted = [...click.scores.mask.keys()].filter((row) => (click.scores.mask[row] ?? 0) > 0);
    const labels = click.scores.labels.slice(); // as many positives, in other rows
    for (const [index, row] of counted.entries()) labels[row] = click.scores.labels[counted.at(-1 - index) ?? 0] ?? 0;
    const others = [{ ...click, scores: { ...click.scores, labels } }, rating];
    const other = predictedRun('ple-1', others, { checksum: 'rows from 0' });
    const compared = summarize([model('alone', 0.4, [1]), buildEntry('ple', [other])], options);
    await expect(compared).rejects.toThrow("alone-1 and ple-1 were tested on different rows of task 'click'");
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
