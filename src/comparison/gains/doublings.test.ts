import { describe, expect, test } from 'vitest';
import { isTrained } from '../../training/finished-run.js';
import type { Entry } from '../stored/entry.js';
import { buildEntry, configured, evaluatedRun, plainOptions } from './evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from './summarize.js';

const options: SummaryOptions = {
  name: 'made',
  baseline: 'alone',
  uncertainty: 'seeds',
  ...plainOptions(4),
  tasks: [
    { name: 'time', type: 'regression' },
    { name: 'click', type: 'binary' },
  ],
};
const noise = [1.02, 0.99, 0.97, 1.03];

/** Four runs around this error, of a label with variance 4, and this AUC. */
function model(label: string, mse: number, auc: number, isHalf = false): Entry {
  const runs = noise.map((factor, index) =>
    evaluatedRun(`${label}-${isHalf}-${index}`, {
      time: { type: 'regression', test: { mse: factor * mse, nmse: (factor * mse) / 4 } },
      click: { type: 'binary', test: { auc: auc + 0.001 * factor } },
    }),
  );
  const entry = configured(buildEntry(label, runs), {}, () => ({ ended: 'budget' }));
  return isHalf ? { ...entry, values: { 'train.passes': 0.5 } } : entry;
}

/** The entry, trained for so many passes. */
function afterPasses(passes: number, entry: Entry): Entry {
  const runs = entry.runs.map(({ run, ...reference }) =>
    run && isTrained(run)
      ? { ...reference, run: { ...run, experiment: { ...run.experiment, train: { ...run.experiment.train, passes } } } }
      : reference,
  );
  return { ...entry, runs };
}

const summarized = (...entries: Entry[]) => summarize(entries, options);

describe('what doubling the rows brought', () => {
  test('to the error, and as a share of what is learnt', async () => {
    const { doublings } = await summarized(
      model('alone', 0.2, 0.799),
      model('ple', 0.1, 0.8),
      model('alone', 0.5, 0.789, true),
    );
    const [doubling] = doublings ?? [];
    expect(doubling).toMatchObject({ axis: {}, rows: 30, passes: 1 });
    const { time, click } = doubling?.tasks ?? {};
    const mean = (noise[0] ?? 0) / 4 + (noise[1] ?? 0) / 4 + (noise[2] ?? 0) / 4 + (noise[3] ?? 0) / 4;
    expect(time?.mean).toBeCloseTo(0.5 * mean, 12);
    expect(time?.relativeGain).toBeCloseTo(60, 9); // from .5 to .2
    // 1 - nmse: from 1 - .125 to 1 - .05, less the noise
    expect(time?.learnt).toBeCloseTo((100 * (0.075 * mean)) / (1 - 0.05 * mean), 9);
    expect(click?.gain).toBeCloseTo(0.01, 9);
    expect(click?.learnt).toBeCloseTo((100 * 0.01) / (0.299 + 0.001 * mean), 9);
    expect([time?.isLimited, click?.isLimited]).toEqual([false, false]);
  });

  test('more than 10 % of what is learnt on any task: no gain has a verdict', async () => {
    const half = model('alone', 0.8, 0.789, true); // from 1 - .2 to 1 - .05
    const { rows, best, contrasts } = await summarize([model('alone', 0.2, 0.799), model('ple', 0.1, 0.9), half], {
      ...options,
      contrasts: [['ple', 'alone']],
    });
    expect(rows.map(({ verdict }) => verdict)).toEqual(['baseline', 'limited by steps']);
    expect(contrasts.map(({ verdict }) => verdict)).toEqual(['limited by steps']);
    expect(rows[1]?.tasks['click']).toMatchObject({ verdict: null, gain: expect.closeTo(0.101, 2) });
    expect(best).toEqual([]);
    const enough = await summarized(
      model('alone', 0.2, 0.799),
      model('ple', 0.1, 0.9),
      model('alone', 0.4, 0.789, true),
    );
    expect(enough.rows[1]?.verdict).toBe('better on all');
  });

  test('a run on half of the rows that failed has a note: what doubling brought is not known', async () => {
    const half = { ...buildEntry('alone', [undefined]), values: { 'train.passes': 0.5 } };
    const { doublings, notes } = await summarized(model('alone', 0.2, 0.799), model('ple', 0.1, 0.9), half);
    expect(doublings?.[0]?.tasks['time']).toMatchObject({ gain: null, learnt: null, isLimited: false });
    expect(notes).toContain('alone (passes 0.5): the run of seed 1 failed; the table is without it.');
  });

  test('nothing is learnt: the models are limited', async () => {
    const { doublings } = await summarized(
      model('alone', 5, 0.799),
      model('ple', 5, 0.8),
      model('alone', 6, 0.789, true),
    );
    expect(doublings?.[0]?.tasks['time']?.isLimited).toBe(true);
  });
});

describe('the data multiplier', () => {
  test('is by how much the rows must grow at the rate at which the error fell', async () => {
    // From .4 to .2 the error halves with the rows: n^-1. So .1 needs twice the rows, .4 half of them.
    const { rows } = await summarized(
      model('alone', 0.2, 0.799),
      model('good', 0.1, 0.8),
      model('bad', 0.4, 0.8),
      model('alone', 0.4, 0.789, true),
    );
    const of = (row: number) => rows[row]?.tasks['time']?.multiplier;
    expect([of(1)?.value, of(2)?.value]).toEqual([expect.closeTo(2, 9), expect.closeTo(0.5, 9)]);
    const [low = 0, high = 0] = of(1)?.interval ?? [];
    // By the delta method on the logarithm, of three means of equal spread s: exponent 1, difference ln 2.
    const logs = noise.map(Math.log);
    const mean = logs.reduce((sum, log) => sum + log, 0) / 4;
    const s = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / 3 / 4);
    const error = s * Math.sqrt((1 + 1) ** 2 + 1 + 1);
    // Welch and Satterthwaite: (4 + 1 + 1)^2 / ((16 + 1 + 1) / 3) = 6 degrees of freedom
    expect(Math.log(high / 2)).toBeCloseTo(2.446912 * error, 5);
    expect(Math.log(2 / low)).toBeCloseTo(2.446912 * error, 5);
    expect([rows[0]?.tasks['time']?.multiplier, rows[1]?.tasks['click']?.multiplier]).toEqual([null, null]);
  });

  test('is not told after several passes: half of them read the same rows', async () => {
    const { rows, doublings } = await summarized(
      afterPasses(4, model('alone', 0.2, 0.799)),
      afterPasses(4, model('ple', 0.1, 0.8)),
      afterPasses(2, model('alone', 0.4, 0.789, true)),
    );
    expect(doublings?.[0]?.passes).toBe(4);
    expect(rows[1]?.tasks['time']?.multiplier).toBeNull();
  });

  test('is not told where more rows do not lower the error, and without half of them', async () => {
    const flat = await summarized(model('alone', 0.2, 0.799), model('ple', 0.1, 0.8), model('alone', 0.2, 0.789, true));
    const none = await summarized(model('alone', 0.2, 0.799), model('ple', 0.1, 0.8));
    for (const { rows } of [flat, none]) expect(rows[1]?.tasks['time']?.multiplier).toBeNull();
    expect(none.doublings).toBeUndefined();
  });
});
