import { expect } from 'vitest';
import { contents, correlation, mean, open, parse } from './funnel.fixture.js';
import { drawFeed } from './funnel.js';
import { responses } from './funnel-rates.js';

/** Impressions with what is hidden of them, by the definition of x. */
export async function withHidden(settings: object) {
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

interface Feed {
  readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  readonly correlation: number;
  readonly strength: number;
  readonly noise: number;
  readonly autoplay: { readonly play: number; readonly relation: number } | null;
}

/** Plays and VCR have the log-odds of their network (0: Wi-Fi), and nothing else. */
export async function expectLogOdds(options: Feed): Promise<void> {
  const { mask, label, networks, score, intercept } = await withHidden(options);
  for (const network of [0, 1, 2]) {
    const rows = [...networks.keys()].filter((row) => networks[row] === network);
    const byInterest = (row: number) =>
      1 / (1 + Math.exp(-intercept('play', network) - options.strength * score('play', network, row)));
    const chance = (row: number) => (network === 0 && options.autoplay ? options.autoplay.play : byInterest(row));
    // Fifths by interest in playing, as it is elsewhere.
    const sorted = rows.toSorted((a, b) => score('play', 1, a) - score('play', 1, b));
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
      const scores = plays.map((row) => score(other, 1, row));
      expect(Math.abs(correlation(noise, scores)), `network ${network}, ${other}`).toBeLessThan(error);
    }
  }
}
