import { describe, expect, test } from 'vitest';
import { contents, correlation, mean, open, parse } from './funnel.fixture.js';
import { drawFeed } from './funnel.js';
import { responses } from './funnel-rates.js';

/** Impressions with what is hidden of them, by the definition of x. */
async function withHidden(settings: object) {
  const { process } = drawFeed(parse(settings), 0);
  const { column, label, mask } = await contents(await open(settings));
  const names = ['user', 'item', 'hour', 'network', 'position'];
  const [users = [], items = [], hours = [], networks = [], positions = []] = names.map(column);
  const own = (of: keyof typeof process & ('users' | 'items'), member = 0) => {
    const { factors, width } = process[of];
    return [...factors.subarray(member * width, (member + 1) * width)];
  };
  const xs = users.map((user, row) => {
    const [a, b] = [own('users', user), own('items', items[row])];
    const contexts = [
      process.hours.factors[hours[row] ?? 0],
      process.networks.factors[networks[row] ?? 0],
      process.positions.factors[(positions[row] ?? 1) - 1],
    ];
    return [...a, ...b, ...a.map((value, j) => value * (b[j] ?? 0)), ...contexts.map((value) => value ?? 0)];
  });
  /** w.x of a response, with the w of this network. */
  const score = (response: (typeof responses)[number], network: number, row: number) => {
    const weight = process.relations[network]?.weights[responses.indexOf(response)] ?? [];
    return [...weight].reduce((sum, value, i) => sum + value * (xs[row]?.[i] ?? 0), 0);
  };
  const intercept = (response: (typeof responses)[number], network: number) =>
    process.relations[network]?.intercepts[responses.indexOf(response)] ?? Number.NaN;
  return { process, label, mask, networks, score, intercept };
}

describe('networks', () => {
  const [wifi, mobile] = [0, 1];
  const options = { rows: { train: 40_000, validation: 1, test: 1 }, correlation: 0.3, strength: 2, noise: 0.7 };

  test.each([
    { autoplay: { play: 0.8, relation: -0.5 } },
    { autoplay: { play: 0.9, relation: 1 } },
    { autoplay: null },
  ])('plays and VCR have the log-odds of their network, and nothing else: %o', async (settings) => {
    const { mask, label, networks, score, intercept } = await withHidden({ ...options, ...settings });
    for (const network of [0, 1, 2]) {
      const rows = [...networks.keys()].filter((row) => networks[row] === network);
      const byInterest = (row: number) =>
        1 / (1 + Math.exp(-intercept('play', network) - options.strength * score('play', network, row)));
      const chance = (row: number) =>
        network === wifi && settings.autoplay ? settings.autoplay.play : byInterest(row);
      // Fifths by interest in playing, as it is elsewhere.
      const sorted = rows.toSorted((a, b) => score('play', mobile, a) - score('play', mobile, b));
      for (let fifth = 0; fifth < 5; fifth++) {
        const part = sorted.slice((fifth * rows.length) / 5, ((fifth + 1) * rows.length) / 5);
        const deviation = Math.sqrt(mean(part.map((row) => chance(row) * (1 - chance(row)))) / part.length);
        const miss = mean(part.map((row) => (mask('VCR')[row] ?? 0) - chance(row)));
        expect(Math.abs(miss), `plays of network ${network}, fifth ${fifth}`).toBeLessThan(4 * deviation);
      }
      const plays = rows.filter((row) => mask('VCR')[row] === 1);
      const noise = plays.map((row) => {
        const vcr = label('VCR')[row] ?? Number.NaN;
        return Math.log(vcr / (1 - vcr)) - intercept('VCR', network) - options.strength * score('VCR', network, row);
      });
      const error = 4 / Math.sqrt(plays.length);
      expect(Math.abs(mean(noise))).toBeLessThan(error * Math.sqrt(options.noise));
      expect(Math.abs(mean(noise.map((e) => e * e)) / options.noise - 1)).toBeLessThan(error * Math.SQRT2);
      for (const other of ['VCR', 'play', 'CTR'] as const) {
        const scores = plays.map((row) => score(other, mobile, row));
        expect(Math.abs(correlation(noise, scores)), `network ${network}, ${other}`).toBeLessThan(error);
      }
    }
  });

  test('relation -1: who clicks watches long elsewhere, and briefly on Wi-Fi', async () => {
    const found = async (relation: number) => {
      const settings = { ...options, correlation: 0.8, rates: { CTR: 0.3 }, autoplay: { play: 0.9, relation } };
      const { column, label, mask } = await contents(await open(settings));
      return [wifi, mobile].map((network) => {
        const plays = [...mask('VCR').keys()].filter(
          (row) => mask('VCR')[row] === 1 && column('network')[row] === network,
        );
        const of = (task: string) => plays.map((row) => label(task)[row] ?? Number.NaN);
        return correlation(of('CTR'), of('VCR'));
      });
    };
    const [[on = 0, off = 0], [sameOn = 0, sameOff = 0]] = [await found(-1), await found(1)];
    expect(off).toBeGreaterThan(0.2);
    expect(on).toBeLessThan(-0.2);
    expect(sameOn).toBeGreaterThan(0.2);
    expect(sameOff).toBeGreaterThan(0.2);
  });
});

test('the cosine of play and VCR: below 0, those who start a video do not finish it', async () => {
  const found: number[] = [];
  for (const cosine of [-0.95, 0, 0.95]) {
    const matrix = responses.map((a) =>
      responses.map((b) => (a === b ? 1 : [a, b].sort().join() === 'VCR,play' ? cosine : 0)),
    );
    const settings = {
      rows: { train: 20_000, validation: 1, test: 1 },
      correlation: matrix,
      autoplay: null,
      strength: 3,
    };
    const { label, score, networks } = await withHidden({ ...settings, rates: { play: 0.4 } });
    const completion = [...networks.keys()].map((row) => score('VCR', 1, row));
    found.push(correlation(label('VTR'), completion));
  }
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(found[0]).toBeLessThan(-0.1); // what makes a longer view makes a valid view less likely
  expect(found[2]).toBeGreaterThan(0.5);
});
