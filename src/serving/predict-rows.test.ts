import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { readRun } from '../training/finished-run.js';
import { trainedOnMixed } from './mixed-table.fixture.js';
import { expectOwnBits, mixedFolder, opened, predicted } from './predict-rows.fixture.js';
import { allScores } from './predict-rows.js';
import { readTrainedRun } from './trained-run.js';

const folder = mixedFolder();
const file = (name: string) => join(folder, name);

test('new rows get the bits of the run’s own test predictions', async () => {
  await expectOwnBits(folder, 'pepnet');
});

test('likewise with tables on the host', async () => {
  const { parameters } = await readTrainedRun(await expectOwnBits(folder, 'ple', ', large: 10'));
  expect(Object.keys(parameters).filter((name) => /^(large|lists|embeddings)\./.test(name))).toEqual([
    'embeddings.4',
    'large.user',
    'lists.tags',
  ]);
});

describe('a run with all types of tasks', async () => {
  const tasks =
    '[{ name: click, type: binary }, { name: spend, type: regression, standardize: true }, { name: plan, type: multiclass }]';
  const model = '{ type: ple, levels: [[6], [4]], tower: [4], experts: { shared: 1, task: 1 }, normalization: batch }';
  const path = await trainedOnMixed(folder, tasks, model);

  test('probabilities and values in the label’s units are those of the logits, in each format and with columns kept', async () => {
    const keep = ['id', 'city', 'tags'];
    for (const format of ['csv', 'parquet', 'arrow'])
      await predicted(path, file('inputs.csv'), file(`out.${format}`), 'label', keep);
    const arrow = tableFromIPC(readFileSync(file('out.arrow')));
    const names = [
      'click.probability',
      'spend.prediction',
      ...['free', 'paid', 'team'].map((c) => `plan.probability.${c}`),
    ];
    expect(arrow.schema.fields.map(({ name }) => name)).toEqual([...keep, ...names]);

    const scores = new Map(
      (await readRun(path)?.predictions())?.map(({ task, scores }) => [task.name, { task, scores }]),
    );
    const [click, spend, plan] = ['click', 'spend', 'plan'].map((name) => scores.get(name));
    const units = spend?.task ?? { scale: 0, offset: 0 };
    for (let row = 0; row < 203; row++) {
      const found = arrow.get(row)?.toJSON() ?? {};
      expect(found['id']).toBe(String(row));
      expect(found['click.probability']).toBeCloseTo(1 / (1 + Math.exp(-(click?.scores.logits[row] ?? 0))), 6);
      expect(found['spend.prediction']).toBeCloseTo((spend?.scores.logits[row] ?? 0) * units.scale + units.offset, 4);
      const powers = [0, 1, 2].map((c) => Math.exp(plan?.scores.logits[c * 203 + row] ?? 0));
      const sum = powers.reduce((all, power) => all + power, 0);
      for (const [c, name] of names.slice(2).entries()) expect(found[name]).toBeCloseTo((powers[c] ?? 0) / sum, 6);
    }

    const parquet = await parquetReadObjects({ file: new Uint8Array(readFileSync(file('out.parquet'))).buffer });
    const [header, ...lines] = readFileSync(file('out.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toBe([...keep, ...names].join(','));
    const cities = new Set<unknown>();
    for (let row = 0; row < 203; row++) {
      const found = arrow.get(row)?.toJSON() ?? {};
      expect(parquet[row]).toEqual(found);
      const cells = (lines[row] ?? '').split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
      expect(cells.slice(3).map((cell) => Math.fround(Number(cell)))).toEqual(names.map((name) => found[name]));
      cities.add(found['city']);
    }
    expect(cities).toEqual(new Set(['Bern', 'Genf', 'Basel, CH', null, 'Ōsaka', 'rare']));
  });

  test('labels are read where the table has them', async () => {
    const { run, engine, rows } = await opened(path, file('test.csv'));
    const scores = await allScores(run, rows.dataset, engine, () => undefined);
    await rows.release();
    const own = (await readRun(path)?.predictions()) ?? [];
    for (const [t, { logits, labels, mask }] of scores.entries()) {
      expect(logits).toEqual(own[t]?.scores.logits);
      expect(labels).toEqual(own[t]?.scores.labels);
      expect(mask).toEqual(own[t]?.scores.mask);
    }
    const without = await opened(path, file('inputs.csv'));
    const none = await allScores(without.run, without.rows.dataset, without.engine, () => undefined);
    await without.rows.release();
    expect(none.map(({ mask }) => new Set(mask))).toEqual([new Set([0]), new Set([0]), new Set([0])]);
  });

  test('predictions read no labels, and folders’ names are columns', async () => {
    const text = readFileSync(file('test.csv'), 'utf8').replace(/(free|paid|team)\n/, 'unknown\n');
    const [header = '', ...lines] = text.trimEnd().split('\n');
    mkdirSync(file('day=2024-03-10'));
    const without = [header, ...lines].map((line) =>
      line.replace(/^((?:[^,"]*|"[^"]*")(?:,(?:[^,"]*|"[^"]*")){4}),[^,]*/, '$1'),
    );
    expect(without[0]).toBe(header.replace('day,', ''));
    writeFileSync(file('day=2024-03-10/part.csv'), `${without.join('\n')}\n`);
    await predicted(path, file('day=2024-03-10/part.csv'), file('out.arrow'), 'logit');
    const same = [header, ...lines].map((line, n) => (n === 0 ? line : line.replace(/2024-\d\d-\d\d/, '2024-03-10')));
    writeFileSync(file('same.csv'), `${same.join('\n')}\n`);
    await predicted(path, file('same.csv'), file('same.arrow'), 'logit');
    expect(readFileSync(file('out.arrow')).equals(readFileSync(file('same.arrow')))).toBe(true);
    await expect(opened(path, file('same.csv'))).rejects.toThrow(/'unknown'/);
    await expect(opened(path, file('same.csv'), ['city', 'CITY'], false)).rejects.toThrow(/no column 'CITY'/);
    await expect(opened(path, file('same.csv'), ['city', 'city'], false)).rejects.toThrow(/named twice/);
  });

  test('a table without a column, and a text where a number must stand, are refused by name', async () => {
    writeFileSync(file('short.csv'), 'id,city,agee\n1,Bern,30\n');
    await expect(opened(path, file('short.csv'))).rejects.toThrow(/short\.csv has no column 'user'/);
    writeFileSync(
      file('odd.csv'),
      readFileSync(file('inputs.csv'), 'utf8').replace(/\n(\d+),([^,]*|"[^"]*"),(u\d+),\d+,/, '\n$1,$2,$3,old,'),
    );
    await expect(opened(path, file('odd.csv'))).rejects.toThrow(/column 'age' is 'old', which is no number/);
  });

  test('a run without its encoding, and a comparison, are refused with what to do', async () => {
    await expect(readTrainedRun(folder)).rejects.toThrow(/has no finished run/);
    rmSync(join(path, 'encoding.json'));
    await expect(readTrainedRun(path)).rejects.toThrow(/encoding\.json.*Train it again/);
  });
});
