import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sealed } from '../../support/checksum.js';
import { folderPerTest } from '../../support/folder.fixture.js';
import { must } from '../../support/must.js';
import { readRun } from '../../training/finished-run.js';
import type { Comparison, Gain } from '../comparison.js';
import { type Facts, readFacts, storedComparisons, storeFacts } from '../stored/stored-run.fixture.js';
import { readStoredRuns } from '../stored/stored-runs.js';
import { type GainTableOptions, storedTable } from './stored-table.js';

const at = folderPerTest();
const twoTypes = readFacts('two-types');
const seeds = [1, 2, 3, 4];

/** @param change What runs found, or the table says, beyond the stored comparison's. */
const store = (change: Partial<Facts> = {}, facts = twoTypes) => storeFacts(at('runs'), { ...facts, ...change });
/** What a table says that judges clicks by a metric. */
const clicksBy = (metric: string) => ({
  gains: [
    { task: 'click', metric },
    { task: 'time', metric: 'mse' },
  ],
});
const withTable = (table: object): Partial<Facts> => ({ table: { ...twoTypes.table, ...table } });

async function table(options: Partial<GainTableOptions> = {}, source = readStoredRuns(at('runs'))) {
  const unset = { baseline: undefined, uncertainty: undefined, predictions: [], scale: undefined };
  return storedTable(source, { folder: at('runs'), ...unset, ...options });
}

function gain({ comparison }: { readonly comparison: Comparison }, task: string, label = 'PLE'): Gain {
  const isMeant = (row: Gain) => row.family === 'models' && row.model === label && row.task === task;
  return must(comparison.gains.find(isMeant), `gain of ${label}`);
}

describe.each(storedComparisons)('%s', (name) => {
  test('is summed up again to the same bits, with its metrics, errors, contrasts and choices', async () => {
    await store({}, readFacts(name));
    const { comparison } = await table();
    expect(comparison.models.map(({ label }) => label)).toEqual(readFacts(name).table.models.map(({ label }) => label));
    writeFileSync(at('runs/comparison.json'), JSON.stringify(comparison));
    expect(JSON.stringify((await table()).comparison)).toBe(JSON.stringify(comparison));
  });
});

test('a table: gains over the single-task model, each task of a seed from the run that has it; paths as seen from the report', async () => {
  await store();
  const { comparison, runs } = await table({ folder: at('report') });
  const value = (run: string, task: string, metric: string) =>
    Number(readRun(at('runs', run))?.result.tasks[task]?.test[metric]);
  const mean = (of: (seed: number) => number) => seeds.reduce((sum, seed) => sum + of(seed), 0) / seeds.length;
  const auc = (seed: number) => value(`run-3-${seed}`, 'click', 'auc') - value(`run-0-${seed}-click`, 'click', 'auc');
  const mse = (seed: number) => value(`run-0-${seed}-time`, 'time', 'mse') - value(`run-3-${seed}`, 'time', 'mse');
  expect(gain({ comparison }, 'click').gain).toBeCloseTo(mean(auc), 12);
  expect(gain({ comparison }, 'time').gain).toBeCloseTo(mean(mse), 12);
  const [alone, mmoe] = comparison.models;
  const parts = { click: '../runs/run-0-1-click', time: '../runs/run-0-1-time' };
  expect(alone?.runs[0]).toEqual({ seed: 1, path: parts.click, status: 'done', parts });
  expect(alone).toMatchObject({ parameters: { embedding: 5000, network: 100_000 }, searched: 2 });
  expect(mmoe?.runs[0]).toEqual({ seed: 1, path: '../runs/run-1-1', status: 'done' });
  expect(runs.get('../runs/run-1-1')?.path).toBe(at('runs/run-1-1'));
  expect(runs.size).toBe(20);
  expect(comparison.notes).toContain(
    'Models searched different numbers of settings: single-task 2, MMoE 2, CGC 2, PLE 2, lost 1. The budgets are unequal: a larger search favours its model.',
  );
});

test('a table can be given other errors and another baseline', async () => {
  await store();
  const other = await table({ uncertainty: 'seeds', baseline: 'PLE' });
  expect(other.comparison).toMatchObject({ uncertainty: 'seeds', baseline: 'PLE' });
  expect(gain(other, 'click').gain).toBeNull();
  expect(gain(other, 'click', 'single-task').gain).toBe(-Number(gain(await table(), 'click').gain));
});

test('a seed counts once all of its runs have finished; parts on other data are refused', async () => {
  await store();
  rmSync(at('runs/run-0-1-time'), { recursive: true });
  const { comparison, notes } = await table();
  expect(comparison.models[0]?.runs[0]).toMatchObject({ seed: 1, status: 'missing' });
  expect(gain({ comparison }, 'click', 'single-task').value).not.toBeNull();
  expect(notes[0]).toBe(`${at('runs/run-0-1-time')} (single-task, seed 1) is missing and is left out.`);
  expect(comparison.notes).toContain('single-task: the run of seed 1 is not there; the table is without it.');
  const run = { ...must(twoTypes.runs['run-0-2-time'], 'run'), checksum: 'other' };
  await store({
    data: { ...twoTypes.data, other: must(twoTypes.data['c0ffee'], 'data') },
    runs: { ...twoTypes.runs, 'run-0-2-time': run },
  });
  await expect(table()).rejects.toThrow(/run-0-2-click and .*run-0-2-time cannot be compared/);
});

test.each([
  ['bace', ['single-task'], "no model 'bace' (did you mean 'base'?)"],
  [undefined, [], '--baseline LABEL; there are: other'],
  [undefined, ['single-task', 'again'], '--baseline LABEL: base, again'],
])('a baseline %s, of single-task models %j, is refused', async (baseline, labels, message) => {
  const [alone, mmoe] = twoTypes.table.models;
  const models = labels.map((label, index) => ({ ...must(alone, 'model'), label: index === 0 ? 'base' : label }));
  const table_ = {
    baseline: 'gone',
    models: [...models, { ...must(mmoe, 'model'), label: 'other' }],
    contrasts: [],
  };
  await store(withTable(table_));
  await expect(table({ baseline })).rejects.toThrow(message);
  if (baseline) expect((await table()).comparison.baseline).toBe('base');
});

test('predictions made elsewhere are refused with a label of the table, and where no run has kept labels', async () => {
  await store();
  const refused = (label: string, message: RegExp) => {
    const predictions = [{ label, seed: 1, path: at('none.csv') }];
    return expect(table({ predictions, scale: 'logit' })).rejects.toThrow(message);
  };
  await refused('PLE', /already named 'PLE'/);
  for (const run of Object.keys(twoTypes.runs)) rmSync(at('runs', run, 'predictions.arrow'));
  await refused('theirs', /No run of seed 1 has a predictions\.arrow/);
});

test('runs of several versions are noted', async () => {
  const run = must(twoTypes.runs['run-1-1'], 'run');
  const runs = Object.entries(twoTypes.runs).map(([path, one]) => [
    path,
    { ...one, environment: { commit: (one === run ? 'a' : 'b').repeat(40) } },
  ]);
  await store({ runs: Object.fromEntries(runs) });
  expect((await table()).comparison.notes).toContain(
    'The runs were made by different versions of ple (commit bbbbbbb, commit aaaaaaa), whose numbers may differ under the same seed; ' +
      'those whose folder is deleted are trained again.',
  );
});

describe('a metric that result.json lacks', () => {
  /** Stores a table that judges clicks by a metric. */
  const judgedBy = (metric: string) => {
    return store(withTable({ ...clicksBy(metric), uncertainty: 'seeds' }));
  };
  /** Makes result.json of PLE's runs one of a version that did not know these metrics. */
  const forget = (names: readonly string[], splits = ['test']) => {
    for (const seed of seeds) {
      const file = at(`runs/run-3-${seed}/result.json`);
      const result = JSON.parse(readFileSync(file, 'utf8'));
      for (const name of names) for (const split of splits) delete result.tasks.click[split][name];
      writeFileSync(file, JSON.stringify(sealed(result)));
    }
  };

  test.each(['auc', 'f1'])('is computed from the predictions, to the same bits: %s', async (metric) => {
    await judgedBy(metric);
    const before = await table();
    expect(gain(before, 'click')).toMatchObject({ metric, gain: expect.any(Number) });
    forget([metric]);
    expect((await table()).comparison).toEqual(before.comparison);
  });

  test('is left out, which is noted, without a threshold of validation, or without predictions', async () => {
    await judgedBy('f1');
    forget(['f1', 'f1Threshold'], ['validation', 'test']);
    const found = await table();
    expect(gain(found, 'click')).toMatchObject({ value: null, gain: null });
    const note = (metric: string, runs: string) =>
      expect.stringContaining(`PLE: ${metric} of task 'click' has no value for ${runs}; left out.`);
    expect(found.comparison.notes).toContainEqual(note('f1', 'the runs of seeds 1, 2, 3, 4'));
    await judgedBy('auc');
    forget(['auc']);
    rmSync(at('runs/run-3-2/predictions.arrow'));
    expect((await table()).comparison.notes).toContainEqual(note('auc', 'the run of seed 2'));
  });
});

describe('errors over test rows', () => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  /** What each row moves a run's AUC (DeLong 1988) and its negative mean squared error by. */
  function influences(of: (task: string) => string) {
    const read = (task: string) => {
      const logits = must(twoTypes.runs[of(task)]?.tasks[task], 'run').logits.map(Math.fround);
      return { logits, labels: must(twoTypes.data['c0ffee']?.[task], 'rows').labels.map(Math.fround) };
    };
    const [click, time] = [read('click'), read('time')];
    const placement = click.logits.map((logit, row) => {
      const others = click.logits.filter((_, other) => click.labels[other] !== click.labels[row]);
      const share = mean(others.map((other) => (logit > other ? 1 : logit === other ? 0.5 : 0)));
      return click.labels[row] === 1 ? share : 1 - share;
    });
    const losses = time.logits.map((logit, row) => (logit - (time.labels[row] ?? 0)) ** 2);
    const [auc, mse] = [mean(placement.filter((_, row) => click.labels[row] === 1)), mean(losses)];
    const ofClass = (row: number) => click.labels.filter((label) => label === click.labels[row]).length;
    const root = (n: number) => Math.sqrt(n * (n - 1));
    return {
      ...{ auc, mse },
      click: placement.map((share, row) => (share - auc) / root(ofClass(row))),
      time: losses.map((loss) => -(loss - mse) / root(losses.length)),
    };
  }

  test.each([
    ['rows', undefined, undefined],
    ['groups', (row: number) => row % 8, undefined],
    ['rows, in log points', undefined, 'log'],
  ] as const)(
    '%s: by their definition, over averages of the seeds, on each task and on the mean',
    async (_, group, log) => {
      const [click, time] = ['click', 'time'].map((task) => {
        const own = must(twoTypes.data['c0ffee']?.[task], 'rows');
        return { ...own, ...(group ? { groups: own.labels.map((__, row) => group(row)) } : {}) };
      });
      const data = { c0ffee: { click: must(click, 'task'), time: must(time, 'task') } };
      await store({ data, ...withTable({ uncertainty: 'rows', ...(log ? { errorGains: log } : {}) }) });
      const found = await table();
      const [alone, ple] = [
        seeds.map((seed) => influences((task) => `run-0-${seed}-${task}`)),
        seeds.map((seed) => influences((_task) => `run-3-${seed}`)),
      ];
      const rows = must(click, 'task').labels.map((__, row) => row);
      const at = (runs: typeof ple, task: 'click' | 'time', row: number) =>
        mean(runs.map((run) => (run[task][row] ?? 0) * (task === 'time' && log ? 100 / run.mse : 1)));
      // Of Δm: in percent of the baseline, with the weights 1 and 2.
      const factors = [
        100 / mean(alone.map(({ auc }) => auc)) / 3,
        (2 * (log ? 1 : 100 / mean(alone.map(({ mse }) => mse)))) / 3,
      ];
      const moved = rows.map((row) => {
        const [a = 0, b = 0] = (['click', 'time'] as const).map((task) => at(ple, task, row) - at(alone, task, row));
        return { click: a, time: b, mean: (factors[0] ?? 0) * a + (factors[1] ?? 0) * b };
      });
      const se = (of: 'click' | 'time' | 'mean') => {
        const sums = new Map<number, number>();
        for (const [row, one] of moved.entries())
          sums.set(group?.(row) ?? row, (sums.get(group?.(row) ?? row) ?? 0) + one[of]);
        return Math.sqrt([...sums.values()].reduce((sum, value) => sum + value ** 2, 0));
      };
      expect(gain(found, 'click').se).toBeCloseTo(se('click'), 9);
      expect(gain(found, 'time').se).toBeCloseTo(se('time'), log ? 5 : 9);
      const ofMean = found.comparison.gains.find(
        ({ family, model, mean }) => family === 'models' && model === 'PLE' && mean,
      );
      expect(ofMean?.se).toBeCloseTo(se('mean'), 5);
      expect(found.comparison.test.drawn).toBe(group ? 'groups' : 'rows');
      const { gain: size, high } = gain(found, 'click');
      expect(high).toBeCloseTo(Number(size) + 1.959963984540054 * se('click'), 8);
    },
  );

  test('add their squares to those over seeds; of draws with rows of their own the error over seeds has them', async () => {
    await store();
    const [seed, row, both] = await Promise.all(
      (['seeds', 'rows', 'both'] as const).map(async (uncertainty) => gain(await table({ uncertainty }), 'time')),
    );
    expect(both?.se).toBeCloseTo(Math.hypot(seed?.se ?? 0, row?.se ?? 0), 12);
    await store({}, readFacts('axis'));
    const [over, all] = await Promise.all([table({ uncertainty: 'seeds' }), table({ uncertainty: 'both' })]);
    expect(gain(all, 'y1')).toEqual(gain(over, 'y1'));
  });

  test('a row that makes most of an error is noted; of ranks it is not', async () => {
    const far = (runs: typeof twoTypes.runs) =>
      Object.fromEntries(
        Object.entries(runs).map(([name, run]) => {
          const ofTime = run.tasks['time'];
          if (!name.startsWith('run-3-') || !ofTime) return [name, run];
          const time = { ...ofTime, logits: ofTime.logits.with(2, 50) };
          return [name, { ...run, tasks: { ...run.tasks, time } }];
        }),
      );
    const noted = async (runs: typeof twoTypes.runs) => {
      await store({ runs });
      const { notes } = (await table({ uncertainty: 'both' })).comparison;
      return notes.filter((note) => note.includes('one test row'));
    };
    expect(await noted(twoTypes.runs)).toEqual([]);
    expect(await noted(far(twoTypes.runs))).toEqual([
      expect.stringMatching(
        /^Task 'time': one test row \(or group\) makes 9\d % of the variance of a gain in mse .* \(PLE\)\./,
      ),
    ]);
  });

  test('of one file that is split anew: test sets overlap, and count as one', async () => {
    await store({}, readFacts('axis'));
    const source = readStoredRuns(at('runs'));
    const rows = source.rows.map((row) => ({
      ...row,
      runs: row.runs.map(({ run, ...of }) => {
        if (!run) return of;
        const dataset = { ...run.experiment.dataset, splitSeed: 'run' as const };
        return { ...of, run: { ...run, experiment: { ...run.experiment, dataset } } };
      }),
    }));
    const options = { uncertainty: 'rows' } as const;
    const [apart, one] = [await table(options), await table(options, { ...source, rows })];
    expect(gain(one, 'y1').se).toBeCloseTo(Math.sqrt(3) * Number(gain(apart, 'y1').se), 12);
  });

  test('one group has none, nor has a metric without influences: nothing is tested', async () => {
    const { click, time } = must(twoTypes.data['c0ffee'], 'data');
    const groups = click?.labels.map(() => 0) ?? [];
    await store({
      data: { c0ffee: { click: { ...must(click, 'task'), groups }, time: { ...must(time, 'task'), groups } } },
    });
    expect(gain(await table({ uncertainty: 'rows' }), 'time')).toMatchObject({
      gain: expect.any(Number),
      se: null,
      p: null,
    });
    await store(withTable({ ...clicksBy('calibrationError'), uncertainty: 'rows' }));
    const found = await table();
    expect(gain(found, 'click')).toMatchObject({ gain: expect.any(Number), se: null, p: null });
    expect(gain(found, 'time').p).not.toBeNull();
    expect(found.comparison.notes.join('\n')).toContain("Task 'click': calibrationError has no error over test rows");
  });

  test('want predictions, and the same rows', async () => {
    await store();
    rmSync(at('runs/run-3-1/predictions.arrow'));
    await expect(table()).rejects.toThrow(
      /run-3-1 has no predictions\.arrow.*: delete the folder and train it again with predictions, or use uncertainty seeds\.$/,
    );
    await expect(table({ uncertainty: 'seeds' })).resolves.toBeDefined();
    const click = must(twoTypes.data['c0ffee']?.['click'], 'rows');
    const run = must(twoTypes.runs['run-3-1'], 'run');
    const turned = { ...run.tasks['click'], ...click, labels: click.labels.toReversed(), logits: click.labels };
    await store({ runs: { ...twoTypes.runs, 'run-3-1': { ...run, tasks: { ...run.tasks, click: turned } } } });
    await expect(table()).rejects.toThrow(/run-0-1-click and .*run-3-1 were tested on different rows of task 'click'/);
  });
});
