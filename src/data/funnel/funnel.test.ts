import { describe, expect, test } from 'vitest';
import { must } from '../../support/must.js';
import type { Source } from '../dataset.js';
import { correlation, mean, readColumns } from '../moments.fixture.js';
import { drawFeed, funnel, funnelOptions } from './funnel.js';
import { responses, taskNames } from './funnel-rates.js';

const parse = (settings: object = {}) =>
  funnelOptions.parse({ loader: 'funnel', rows: { train: 3000, validation: 700, test: 100 }, ...settings });
const open = (settings: object = {}, seed = 1) => funnel.open(parse(settings), { seed, note: () => undefined });

/** Values of columns, labels, and whether rows are in a task's sample space, by name and row by row. */
async function contents(source: Source) {
  const { column, label } = await readColumns(source);
  const masks = new Map(taskNames.map((task) => [task, label(task).map((value) => Number(!Number.isNaN(value)))]));
  return { column, label, mask: (task: (typeof taskNames)[number]) => masks.get(task) ?? [] };
}

const many = { rows: { train: 30_000, validation: 1, test: 1 } };

describe('sample spaces', () => {
  test('impression > play > click > share, comment; a view is a play that is watched beyond the threshold', async () => {
    const options = { rows: { train: 6000, validation: 1, test: 1 } };
    const source = await open(options);
    const { threshold } = drawFeed(parse(options), 0).process;
    expect(source.tasks.map(({ name }) => name)).toEqual(taskNames);
    const { label, mask } = await contents(source);
    const at = (values: readonly number[], row: number) => values[row] ?? -1;
    const sizes = { plays: 0, clicks: 0 };
    const wrong: number[] = [];
    for (let row = 0; row < 6000; row++) {
      const [played, clicked, viewed] = [at(mask('VCR'), row), at(label('CTR'), row), at(label('VTR'), row)];
      sizes.plays += played;
      sizes.clicks += clicked;
      const spaces = at(mask('CTR'), row) === 1 && at(mask('VTR'), row) === 1;
      const nested = at(mask('SHR'), row) === clicked && at(mask('CMR'), row) === clicked && clicked <= played;
      const values = taskNames.every((task) => {
        const value = at(label(task), row);
        if (at(mask(task), row) === 0) return Number.isNaN(value);
        return task === 'VCR' ? value > 0 && value < 1 : value === 0 || value === 1;
      });
      const view = viewed === (played === 1 && at(label('VCR'), row) > threshold ? 1 : 0);
      if (!spaces || !nested || !values || !view) wrong.push(row);
    }
    expect(wrong).toEqual([]);
    expect(sizes.plays).toBeLessThan(6000);
    expect(sizes.clicks).toBeLessThan(sizes.plays);
    for (const task of ['CTR', 'VTR', 'SHR', 'CMR']) expect(new Set(label(task))).toContain(1);
  });

  test('VCR of the test split is its mean given the inputs; every other label and row is drawn as elsewhere', async () => {
    // One user and one item make few different inputs, so the mean over equal rows is near the expectation.
    const settings = { rows: { train: 60_000, validation: 1, test: 60_000 }, users: 20, items: 20, autoplay: null };
    const source = await open({ ...settings, noise: 2 });
    const groups = async (split: 'train' | 'test') => {
      const { column, label } = await readColumns(source, split);
      const keys = ['user', 'item', 'hour', 'network', 'position'].map(column);
      const found = new Map<string, number[]>();
      for (const [row, value] of label('VCR').entries()) {
        if (Number.isNaN(value)) continue;
        const key = keys.map((values) => values[row]).join();
        found.set(key, [...(found.get(key) ?? []), value]);
      }
      return { found, views: mean(label('VTR')) };
    };
    const [train, test] = [await groups('train'), await groups('test')];
    const differences: number[] = [];
    for (const [key, values] of test.found) {
      expect(new Set(values).size).toBe(1);
      for (const noisy of train.found.get(key) ?? []) differences.push(noisy - (values[0] ?? Number.NaN));
    }
    expect(differences.length).toBeGreaterThan(10_000);
    const deviation = Math.sqrt(mean(differences.map((value) => value ** 2)));
    expect(deviation).toBeGreaterThan(0.1);
    expect(Math.abs(mean(differences))).toBeLessThan((5 * deviation) / Math.sqrt(differences.length));
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
    const { label, mask } = await contents(await open({ ...many, ...settings }));
    const near = (found: number, expected: number, share: number) => {
      // The sample that intercepts are solved on has 2^17 impressions.
      const variance = expected * (1 - expected) * (1 / (share * 30_000) + 1 / (share * 2 ** 17));
      expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt(variance));
    };
    const inside = (task: (typeof taskNames)[number]) => label(task).filter((_, row) => mask(task)[row] === 1);
    near(mean(mask('VCR')), asked.play, 1);
    near(mean(label('CTR')), asked.CTR, 1);
    near(mean(label('VTR')), asked.VTR, 1);
    near(mean(inside('VCR')), asked.VCR, asked.play);
    near(mean(inside('SHR')), asked.SHR, asked.CTR);
    near(mean(inside('CMR')), asked.CMR, asked.CTR);
  });
});

describe('rows', () => {
  test('are the same whatever the number of rows', async () => {
    const [source, longer] = [await open(), await open({ rows: { train: 9000, validation: 1, test: 1 } })];
    const block = structuredClone(await source.splits.train.read(1));
    expect(await longer.splits.train.read(1)).toEqual(block);
    expect((await source.splits.train.read(0)).labels).not.toEqual(block.labels);
    expect((await source.splits.validation.read(1)).labels).not.toEqual(block.labels);
  });

  test('seed decides all of them', async () => {
    const users = async (source: Source) => (await contents(source)).column('user');
    const [four, five] = [await open({ seed: 4 }), await open({ seed: 'run' }, 5)];
    expect(await users(five)).not.toEqual(await users(four));
    expect(five.checksum).not.toBe(four.checksum);
  });

  test('inputs do not move with what the labels are made of', async () => {
    const one = await contents(await open());
    const other = await contents(await open({ correlation: -0.1, rates: { CTR: 0.4 }, strength: 0.5, autoplay: null }));
    for (const name of ['user', 'age', 'item', 'genre', 'duration', 'hour', 'position']) {
      expect(other.column(name), name).toEqual(one.column(name));
    }
    expect(other.label('CTR')).not.toEqual(one.label('CTR'));
  });
});

test('plays and VCR have the log-odds of their network, and nothing else', async () => {
  const [strength, noise, autoplay] = [2, 0.7, { play: 0.8, relation: -0.5 }];
  const settings = { rows: { ...many.rows, train: 12_000 }, correlation: 0.3, strength, noise, autoplay };
  const { process } = drawFeed(parse(settings), 0);
  const { column, label, mask } = await contents(await open(settings));
  const impressions = column('user').map((user, row) => {
    const [item = 0, hour = 0, of = 0, place = 1] = ['item', 'hour', 'network', 'position'].map((c) => column(c)[row]);
    return { user, item, hour, network: of, position: place - 1 };
  });
  const scores = new Float64Array(responses.length);
  /** w.x of a response, with the w of this network. */
  const score = (response: (typeof responses)[number], network: number, row: number) => {
    process.score({ ...must(impressions[row], 'row'), network }, scores);
    return scores[responses.indexOf(response)] ?? 0;
  };
  const intercept = (response: (typeof responses)[number], network: number) =>
    process.relations[network]?.intercepts[responses.indexOf(response)] ?? Number.NaN;
  for (const network of [0, 1, 2]) {
    const rows = [...impressions.keys()].filter((row) => impressions[row]?.network === network);
    const chance = (row: number) =>
      network === 0 ? 0.8 : 1 / (1 + Math.exp(-intercept('play', network) - strength * score('play', network, row)));
    // Fifths by interest in playing, as it is elsewhere.
    const sorted = rows.toSorted((a, b) => score('play', 1, a) - score('play', 1, b));
    for (let fifth = 0; fifth < 5; fifth++) {
      const part = sorted.slice((fifth * rows.length) / 5, ((fifth + 1) * rows.length) / 5);
      const deviation = Math.sqrt(mean(part.map((row) => chance(row) * (1 - chance(row)))) / part.length);
      const miss = mean(part.map((row) => (mask('VCR')[row] ?? 0) - chance(row)));
      expect(Math.abs(miss), `plays of network ${network}, fifth ${fifth}`).toBeLessThan(4 * deviation);
    }
    const plays = rows.filter((row) => mask('VCR')[row] === 1);
    const errors = plays.map((row) => {
      const vcr = label('VCR')[row] ?? Number.NaN;
      return Math.log(vcr / (1 - vcr)) - intercept('VCR', network) - strength * score('VCR', network, row);
    });
    const near = 4 / Math.sqrt(plays.length);
    expect(Math.abs(mean(errors))).toBeLessThan(near * Math.sqrt(noise));
    expect(Math.abs(mean(errors.map((e) => e * e)) / noise - 1)).toBeLessThan(near * Math.SQRT2);
    for (const other of ['VCR', 'play', 'CTR'] as const) {
      const scoresOfPlays = plays.map((row) => score(other, 1, row));
      expect(Math.abs(correlation(errors, scoresOfPlays)), `network ${network}, ${other}`).toBeLessThan(near);
    }
  }
});
