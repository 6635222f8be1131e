import { expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { correlation, dot, mean, moment, readColumns } from '../moments.fixture.js';
import { drawFeed, funnel, funnelOptions } from './funnel.js';
import { type FunnelProcess, populationNames, ranked, responses, taskNames } from './funnel-process.js';

const train = (rows: number) => ({ rows: { train: rows, validation: 1, test: 1 } });
const parse = (settings: object) => funnelOptions.parse({ loader: 'funnel', ...train(3000), ...settings });
const draw = (settings: object) => drawFeed(parse(settings), 0).process;
const read = async (settings: object, split: 'train' | 'test' = 'train') =>
  readColumns(await funnel.open(parse(settings), { seed: 1, note: () => undefined }), split);

const few = { users: 9, items: 7, factors: 2 };
const wifi = 0;
const [ctr, play, completion] = (['CTR', 'play', 'VCR'] as const).map((name) => responses.indexOf(name));
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** x of an impression. */
function inputs({ populations }: FunnelProcess, impression: Int32Array): readonly number[] {
  const [a = [], b = [], ...contexts] = populations.map(({ factors, width }, part) => {
    const at = width * (impression[part] ?? 0);
    return [...factors.subarray(at, at + width)];
  });
  return [...a, ...b, ...a.map((value, j) => value * (b[j] ?? 0)), ...contexts.flat()];
}

test('x is white over impressions, and the cosines of the vectors are those of the matrix: CTR, play, VCR, SHR, CMR', () => {
  const matrix = [
    [1, 0.5, -0.5, 0, 0],
    [0.5, 1, -0.8, 0, 0],
    [-0.5, -0.8, 1, 0, 0],
    [0, 0, 0, 1, 0.9],
    [0, 0, 0, 0.9, 1],
  ];
  const process = draw({ ...few, correlation: matrix, autoplay: null });
  // Every impression that there can be, with its probability.
  const chances = populationNames.map((_, p) => [...(process.populations[p]?.probabilities ?? [])]);
  const every = chances.reduce<readonly { readonly of: readonly number[]; readonly chance: number }[]>(
    (before, ofPart) =>
      before.flatMap(({ of, chance }) => ofPart.map((p, member) => ({ of: [...of, member], chance: chance * p }))),
    [{ of: [], chance: 1 }],
  );
  const sums = matrix.map(() => [0, 0, 0, 0, 0, 0]);
  const scores = new Float64Array(responses.length);
  for (const { of, chance } of every) {
    process.score(Int32Array.from(of), scores);
    for (const [k, row] of sums.entries())
      for (const l of row.keys()) row[l] = (row[l] ?? 0) + chance * (scores[k] ?? 0) * (scores[l] ?? 1); // the last: the mean
  }
  expect(sums).toEqual(matrix.map((row) => [...row, 0].map((value) => expect.closeTo(value, 10))));
});

test('w.x is the product with x, by the vectors of the network', () => {
  const process = draw({ ...few, factors: 3, correlation: 0.2 });
  const scores = new Float64Array(responses.length);
  for (const network of [wifi, 1]) {
    const impression = Int32Array.of(4, 2, 21, network, 7);
    process.score(impression, scores);
    const expected = process.relations[network]?.weights.map((weight) => dot(inputs(process, impression), weight));
    expect([...scores]).toEqual(expected?.map((value) => expect.closeTo(value, 12)));
  }
});

test('with autoplay VCR has another vector on Wi-Fi, of the given cosine, and plays have none; the other responses have theirs', () => {
  const relation = 0.6;
  const [on, ...others] = draw({ ...few, correlation: 0.4, autoplay: { play: 0.8, relation } }).relations;
  const [off] = others;
  expect(others).toEqual([off, off]);
  const own = on?.weights[completion ?? -1];
  // What it has in common with the others it has through VCR's elsewhere.
  const cosines = off?.weights.map((vector) => dot(own, vector));
  expect(cosines).toEqual(responses.map((_, k) => expect.closeTo(k === completion ? relation : 0.4 * relation, 12)));
  expect(dot(own, own)).toBeCloseTo(1, 12);
  const zeros = new Float64Array(own?.length ?? 0);
  expect(on?.weights).toEqual(off?.weights.map((vector, k) => (k === completion ? own : k === play ? zeros : vector)));
  const started = expect.closeTo(Math.log(0.8 / 0.2), 12);
  expect(on?.intercepts).toEqual(off?.intercepts.map((value, k) => (k === play ? started : value)));
});

test('ids follow their law', () => {
  const [count, draws] = [50, 40_000];
  const [users] = draw({ ...few, users: count, zipf: { users: 1.2 } }).populations;
  const random = randomFromSeed(8);
  const counts = new Float64Array(count);
  for (let i = 0; i < draws; i++) {
    const member = users?.draw(random) ?? -1;
    counts[member] = (counts[member] ?? 0) + 1;
  }
  const total = Array.from(counts, (_, r) => (r + 1) ** -1.2).reduce((sum, weight) => sum + weight, 0);
  for (const [rank, count] of counts.entries()) {
    const expected = (draws * (rank + 1) ** -1.2) / total;
    expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
  }
});

test.each([
  [1000, 7],
  [1000, 300],
  [5, 8],
  [64, 1],
])('%i values in %i groups: a group is a part of their ranks', (count, groups) => {
  const random = randomFromSeed(count + groups);
  const values = Float64Array.from({ length: count }, () => random.normal());
  const rank = (value: number) => values.filter((other) => other < value).length;
  expect(ranked(values, groups)).toEqual(
    Int32Array.from(values, (value) => Math.floor((rank(value) * groups) / count)),
  );
});

test('impression > play > click > share, comment; a view is a play that is watched beyond the threshold', async () => {
  const { label } = await read(train(6000));
  const { threshold } = draw(train(6000));
  const rows = label('CTR').map((_, row) =>
    Object.fromEntries(taskNames.map((task) => [task, label(task)[row] ?? -1])),
  );
  const isRight = ({ CTR = -1, VTR, VCR = -1, SHR, CMR }: (typeof rows)[number]) => {
    const isPlayed = !Number.isNaN(VCR);
    const spaces = [SHR, CMR].every((label) => Number.isNaN(label) === (CTR !== 1)) && CTR <= Number(isPlayed);
    return spaces && !(VCR <= 0 || VCR >= 1) && VTR === Number(isPlayed && VCR > threshold);
  };
  expect(rows.filter((row) => !isRight(row))).toEqual([]);
  for (const task of ['CTR', 'VTR', 'SHR', 'CMR'])
    expect(new Set(label(task).filter((value) => !Number.isNaN(value)))).toEqual(new Set([0, 1]));
});

test('VCR of the test split is its mean given the inputs; every other label is drawn as elsewhere', async () => {
  // One user and one item make few different inputs, so the mean over equal rows is near the expectation.
  const settings = {
    rows: { train: 60_000, validation: 1, test: 60_000 },
    users: 20,
    items: 20,
    autoplay: null,
    noise: 2,
  };
  const groups = async (split: 'train' | 'test') => {
    const { column, label } = await read(settings, split);
    const keys = populationNames.map(column);
    const byInputs = new Map<string, number[]>();
    for (const [row, value] of label('VCR').entries()) {
      if (Number.isNaN(value)) continue;
      const key = keys.map((values) => values[row]).join();
      byInputs.set(key, [...(byInputs.get(key) ?? []), value]);
    }
    return { byInputs, views: mean(label('VTR')) };
  };
  const [train, test] = [await groups('train'), await groups('test')];
  for (const values of test.byInputs.values()) expect(new Set(values).size).toBe(1);
  const misses = [...train.byInputs].flatMap(([key, noisy]) => {
    const [expected] = test.byInputs.get(key) ?? [];
    return expected === undefined ? [] : noisy.map((value) => value - expected);
  });
  expect(misses.length).toBeGreaterThan(10_000);
  const deviation = Math.sqrt(moment(misses, 2));
  expect(deviation).toBeGreaterThan(0.1);
  expect(Math.abs(mean(misses))).toBeLessThan((5 * deviation) / Math.sqrt(misses.length));
  expect(Math.abs(train.views - test.views)).toBeLessThan(0.02); // views are of the noisy VCR in both
});

test.each([
  [
    { correlation: -0.2, strength: 3, noise: 0.2, rates: { play: 0.9, CTR: 0.5, VTR: 0.05, VCR: 0.8, CMR: 0.3 } },
    { play: 0.9, CTR: 0.5, VTR: 0.05, VCR: 0.8, SHR: 0.05, CMR: 0.3 },
  ],
  [
    { autoplay: null, rates: { play: 0.5, SHR: 0.2 } },
    { play: 0.5, CTR: 0.15, VTR: 0.3, VCR: 0.4, SHR: 0.2, CMR: 0.03 },
  ],
])('rates are those that are asked for: %o', async (settings, asked) => {
  const rows = 30_000;
  const { label } = await read({ ...train(rows), ...settings });
  const inside = (task: string) => label(task).filter((value) => !Number.isNaN(value));
  const expectNear = (found: number, expected: number, share: number) => {
    // The sample that intercepts are solved on has 2^17 impressions.
    const variance = expected * (1 - expected) * (1 / (share * rows) + 1 / (share * 2 ** 17));
    expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt(variance));
  };
  expectNear(inside('VCR').length / rows, asked.play, 1);
  const spaces = { CTR: 1, VTR: 1, VCR: asked.play, SHR: asked.CTR, CMR: asked.CTR };
  for (const task of taskNames) expectNear(mean(inside(task)), asked[task], spaces[task]);
});

test('inputs do not move with what the labels are made of', async () => {
  const [one, other] = [
    await read({}),
    await read({ correlation: -0.1, rates: { CTR: 0.4 }, strength: 0.5, autoplay: null }),
  ];
  expect(other.columns).toEqual(one.columns);
  expect(other.label('CTR')).not.toEqual(one.label('CTR'));
});

test('plays and VCR have the log-odds of their network, and nothing else', async () => {
  const [strength, noise] = [2, 0.7];
  const settings = { ...train(12_000), correlation: 0.3, strength, noise, autoplay: { play: 0.8, relation: -0.5 } };
  const process = drawFeed(parse(settings), 0).process;
  const { column, label } = await read(settings);
  const impressions = column('user').map((_, row) =>
    Int32Array.from(populationNames, (name) => (column(name)[row] ?? 0) - Number(name === 'position')),
  );
  const x = impressions.map((impression) => inputs(process, impression));
  /** Strength w.x of a response, with the w of this network. */
  const score = (response: number | undefined, network: number, row: number) =>
    strength * dot(x[row], process.relations[network]?.weights[response ?? -1]);
  const intercept = (response: number | undefined, network: number) =>
    process.relations[network]?.intercepts[response ?? -1] ?? Number.NaN;
  const isPlayed = label('VCR').map((value) => Number(!Number.isNaN(value)));
  for (const network of [wifi, 1, 2]) {
    const rows = [...impressions.keys()].filter((row) => impressions[row]?.[3] === network);
    const chance = (row: number) =>
      network === wifi ? 0.8 : logistic(intercept(play, network) + score(play, network, row));
    // Fifths by interest in playing, as it is elsewhere.
    const sorted = rows.toSorted((a, b) => score(play, 1, a) - score(play, 1, b));
    for (let fifth = 0; fifth < 5; fifth++) {
      const part = sorted.slice((fifth * rows.length) / 5, ((fifth + 1) * rows.length) / 5);
      const deviation = Math.sqrt(mean(part.map((row) => chance(row) * (1 - chance(row)))) / part.length);
      const miss = mean(part.map((row) => (isPlayed[row] ?? 0) - chance(row)));
      expect(Math.abs(miss), `plays of network ${network}, fifth ${fifth}`).toBeLessThan(4 * deviation);
    }
    const plays = rows.filter((row) => isPlayed[row] === 1);
    const errors = plays.map((row) => {
      const watched = label('VCR')[row] ?? Number.NaN;
      return Math.log(watched / (1 - watched)) - intercept(completion, network) - score(completion, network, row);
    });
    const near = 4 / Math.sqrt(plays.length);
    expect(Math.abs(mean(errors))).toBeLessThan(near * Math.sqrt(noise));
    expect(Math.abs(moment(errors, 2) / noise - 1)).toBeLessThan(near * Math.SQRT2);
    for (const other of [completion, play, ctr]) {
      const scores = plays.map((row) => score(other, 1, row));
      expect(Math.abs(correlation(errors, scores)), `network ${network}, ${other}`).toBeLessThan(near);
    }
  }
});

test.each<[object, string]>([
  [{ rates: { CTR: 0.75, play: 0.75 } }, 'dataset.rates.CTR: what is not played is not clicked'],
  [
    { rates: { play: 0.5 } },
    'with autoplay.play 0.9 on Wi-Fi (0.6 of impressions) it must be between 0.54 and 0.94, not 0.5.',
  ],
  [{ users: 4 }, 'dataset.users: 4 factors need more than 4 users, not 4.'],
])('%j is refused: no process has it', (settings, message) => {
  expect(() => draw(settings)).toThrow(message);
});
