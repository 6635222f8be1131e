import { expect, test } from 'vitest';
import { contents, correlation, open } from './funnel.fixture.js';
import { expectLogOdds, withHidden } from './funnel-networks.fixture.js';
import { responses } from './funnel-rates.js';

const [wifi, mobile] = [0, 1];
const options = { rows: { train: 40_000, validation: 1, test: 1 }, correlation: 0.3, strength: 2, noise: 0.7 };

test.each([{ autoplay: { play: 0.8, relation: -0.5 } }, { autoplay: { play: 0.9, relation: 1 } }, { autoplay: null }])(
  'plays and VCR have the log-odds of their network, and nothing else: %o',
  (settings) => expectLogOdds({ ...options, ...settings }),
);

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
