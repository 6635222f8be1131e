import { describe, expect, test } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { everything, glance, inspect } from './inspect.js';
import {
  addColumn,
  addTask,
  indexedTasks,
  innocent,
  listSource,
  type Plant,
  plantedSource,
} from './planted.fixture.js';

async function inspected(plant: Plant, budget = everything) {
  const source = plantedSource(plant);
  return inspect(source, indexedTasks(source), budget);
}

const noise = randomFromSeed(99);

/** What is planted, and the findings that alone may come of it: kind, column, task, split. */
const plants: readonly (readonly [string, (plant: Plant) => void, readonly string[]])[] = [
  [
    'a label in a noisy number',
    (plant) => addColumn(plant, { name: 'copy', kind: 'numeric' }, ([click = 0]) => click + 0.2 * noise.normal()),
    ['label-in-disguise copy click'],
  ],
  [
    'a missing value that gives the label away',
    (plant) =>
      addColumn(plant, { name: 'copy', kind: 'numeric' }, ([click = 0], row) => (click ? Number.NaN : row % 50)),
    ['label-in-disguise copy click'],
  ],
  [
    'a regression label in other units',
    (plant) => addColumn(plant, { name: 'copy', kind: 'numeric' }, ([, time = 0]) => 3600 * time - 7),
    ['label-in-disguise copy time'],
  ],
  [
    'values that training has not',
    (plant) => {
      addColumn(plant, { name: 'day', kind: 'categorical', size: 30 }, (_, row) => row % 20);
      plant.splits.test.columns.at(-1)?.fill(25, 0, 300);
    },
    ['unseen-values day test'],
  ],
  [
    'a column without variation',
    (plant) => addColumn(plant, { name: 'same', kind: 'numeric' }, () => 3),
    ['constant-column same'],
  ],
  [
    'test rows that are training rows',
    ({ splits: { train, test } }) => {
      for (const [c, values] of test.columns.entries()) values.splice(0, 50, ...(train.columns[c]?.slice(0, 50) ?? []));
    },
    ['rows-in-common test'],
  ],
  [
    'a split without a row of a task',
    ({ splits: { test } }) => {
      test.masks = test.labels.map((labels, t) => labels.map(() => t));
    },
    ['one-class click test'],
  ],
];

describe('findings', () => {
  test('there are none in innocent data', async () => {
    expect((await inspected(innocent())).findings).toEqual([]);
  });

  test.each(plants)('%s', async (_, change, expected) => {
    const plant = innocent();
    change(plant);
    const { findings } = await inspected(plant);
    const found = findings.map(({ kind, column, task, split }) =>
      [kind, column, task, split].filter(Boolean).join(' '),
    );
    expect(found).toEqual(expected);
  });

  test('a column that varies only where no label is: it is the same in every row with a label', async () => {
    const plant = innocent();
    addColumn(plant, { name: 'mode', kind: 'numeric' }, (_, row) => (row % 4 === 0 ? 5 : 3));
    for (const split of Object.values(plant.splits))
      split.masks = split.labels.map((of) => of.map((_, row) => Number(row % 4 !== 0)));
    const { findings } = await inspected(plant);
    expect(findings.find(({ column }) => column === 'mode')?.message).toBe(
      "Column 'mode' is the same in every training row with a label: no model can use it. Ignore it.",
    );
  });

  test('pitfall 29: a split of one class has its counts in the finding', async () => {
    const plant = innocent();
    plant.splits.validation.labels[0]?.fill(1);
    const { findings } = await inspected(plant);
    expect(findings[0]?.message).toBe(
      "Task 'click', validation split: every row is positive, of 1,000: there is no AUC. Change how dataset cuts the splits, or leave the task out.",
    );
  });

  test('pitfall 28: an id that knows its training labels alone is no disguise', async () => {
    const plant = innocent();
    addColumn(plant, { name: 'id', kind: 'categorical', size: 8000 }, ([click = 0], row) => row + (click ? 4000 : 0));
    for (const split of ['validation', 'test'] as const)
      plant.splits[split].columns.at(-1)?.forEach((_, row, values) => {
        values[row] = (row * 37) % 8000; // has nothing to do with its label
      });
    const { columns, findings } = await inspected(plant);
    expect(findings.map(({ kind }) => kind)).not.toContain('label-in-disguise');
    expect(columns.at(-1)?.alone[0]?.score).toBeCloseTo(0.5, 1);
  });
});

describe('counts', () => {
  test('are those of the rows in the sample space', async () => {
    const plant = innocent();
    for (const split of Object.values(plant.splits)) {
      const [click = [], time = []] = split.labels;
      split.masks = [click.map((_, row) => Number(row % 4 !== 0)), time.map((_, row) => Number(row % 4 === 1))];
    }
    const { tasks, splits } = await inspected(plant);
    const { labels: [click = []] = [] } = plant.splits.train;
    const inside = click.filter((_, row) => row % 4 !== 0);
    expect(splits.train).toEqual({ rows: 4000, lookedAt: 4000, outside: 1000 });
    expect(tasks[0]?.splits.train).toMatchObject({ rows: 3000, positives: inside.reduce((sum, one) => sum + one, 0) });
    expect(tasks[1]?.splits.train.rows).toBe(1000);
  });

  test('of values that training has not', async () => {
    const plant = innocent();
    plant.columns[0] = { name: 'color', kind: 'categorical', dictionary: ['?', 'red', 'green', 'blue', 'new'] };
    const { train, validation, test } = plant.splits;
    for (const [row, value] of train.columns[0]?.entries() ?? []) train.columns[0]?.splice(row, 1, Math.min(value, 3));
    const { columns } = await inspected(plant);
    const count = (values: number[] | undefined, value: number) => values?.filter((one) => one === value).length;
    expect(columns[0]?.unseen).toEqual({
      validation: count(validation.columns[0], 4),
      test: count(test.columns[0], 4),
    });
    expect(columns[2]?.unseen).toEqual({ validation: 0, test: 0 });
  });

  test('of values that training has in another spelling; among texts that are no numbers each is a value', async () => {
    const unseen = async (color: string) => {
      const plant = innocent();
      plant.columns[0] = { name: 'user', kind: 'categorical', dictionary: ['1', '2', color, '1.0', '2.0'] };
      const last = plant.splits.train.columns[0];
      for (const [row, value] of last?.entries() ?? []) last?.splice(row, 1, Math.min(value, 2));
      const { columns } = await inspected(plant);
      return columns[0]?.unseen.test;
    };
    expect(await unseen('3')).toBe(0);
    expect(await unseen('u3')).toBeGreaterThan(300);
  });

  test('a column alone: the AUC of its target rates, and R² of its means', async () => {
    const plant = innocent();
    const { columns } = await inspected(plant);
    const { train, validation } = plant.splits;
    const [color = [], of = []] = [train.columns[0], validation.columns[0]];
    const mean = (labels: number[], value: number) => {
      const of = labels.filter((_, row) => color[row] === value);
      const all = labels.reduce((sum, one) => sum + one, 0) / labels.length;
      return (of.reduce((sum, one) => sum + one, 0) + all) / (of.length + 1); // drawn to the mean by one row
    };
    const means = [0, 1, 2, 3, 4].map((value) => mean(train.labels[0] ?? [], value));
    const scores = of.map((value) => means[value] ?? 0);
    expect(columns[0]?.alone[0]?.score).toBeCloseTo(pairsInOrder(scores, validation.labels[0] ?? []), 12);
    expect(columns[0]?.alone[0]?.score).toBeGreaterThan(0.55);
    expect(columns[3]?.alone[1]?.score).toBeCloseTo(0.5, 1); // time = 10 + weight + noise of the same variance
  });
});

test('a list alone: the entry whose rate is farthest from the mean', async () => {
  const rows = Array.from({ length: 300 }, (_, row) => ({
    entries: row % 3 === 0 ? [0, 1] : [0],
    label: Number(row % 3 === 0),
  }));
  const source = listSource(rows);
  const later = listSource(rows.map(({ label }) => ({ entries: label ? [0, 1] : [0, 2, 2], label })));
  const { columns } = await inspect(
    { ...source, splits: { ...later.splits, train: source.splits.train } },
    indexedTasks(source),
    everything,
  );
  expect(columns[0]?.constant).toBe(false);
  expect(columns[0]?.alone[0]?.score).toBe(1);
});

describe('glance', () => {
  test('leaves infinite labels to training, which refuses them', async () => {
    const plant = innocent();
    for (const { labels } of Object.values(plant.splits)) labels[1]?.fill(Number.POSITIVE_INFINITY, 0, 1);
    const source = plantedSource(plant);
    await expect(glance(source, indexedTasks(source))).resolves.toEqual([]);
  });

  test('tells the findings of a part of the rows, and reads no more than that', async () => {
    const plant = addColumn(innocent(), { name: 'copy', kind: 'numeric' }, ([click = 0]) => click);
    addColumn(plant, { name: 'id', kind: 'categorical', size: 4000 }, (_, row) => row);
    const source = plantedSource(plant);
    const notes = await glance(source, indexedTasks(source));
    expect(notes).toEqual([expect.stringMatching(/^Column 'copy' predicts 'click' almost alone \(AUC 1\.000/)]);
    expect(source.reads).toEqual({ train: 16, validation: 4, test: 4 });
  });

  test('of a part of the rows, says nothing of values and classes that may stand in the rest', async () => {
    const plant = addTask(innocent(), { name: 'rare', type: 'binary' }, (_, row) => Number(row >= 256 && row < 512));
    addColumn(plant, { name: 'id', kind: 'categorical', size: 4000 }, (_, row) => row);
    const source = plantedSource(plant);
    const { findings, splits } = await inspect(source, indexedTasks(source), 600 * (1 + source.columns.length));
    expect(splits.train.lookedAt).toBe(512);
    expect(findings).toEqual([]);
  });

  test('what is repeated for many tasks hides no other kind of finding, and no other column', async () => {
    const plant = innocent();
    for (const name of ['a', 'b', 'c', 'd', 'e']) addTask(plant, { name, type: 'binary' }, ([click = 0]) => click);
    for (const name of ['copy', 'other']) addColumn(plant, { name, kind: 'numeric' }, ([click = 0]) => click);
    addColumn(plant, { name: 'same', kind: 'numeric' }, () => 1);
    const source = plantedSource(plant);
    const notes = (await glance(source, indexedTasks(source))).join('\n');
    for (const found of ["'copy' predicts 'click'", "'other' predicts 'click'", "'same' is the same"])
      expect(notes).toContain(found);
    expect(notes).toMatch(/^5 more findings/m); // 12 of columns that know the label, one constant
  });
});

function pairsInOrder(scores: readonly number[], labels: readonly number[]): number {
  let [ordered, pairs] = [0, 0];
  for (const [i, positive] of labels.entries()) {
    if (positive !== 1) continue;
    for (const [j, negative] of labels.entries()) {
      if (negative !== 0) continue;
      const difference = (scores[i] ?? 0) - (scores[j] ?? 0);
      ordered += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
      pairs++;
    }
  }
  return ordered / pairs;
}
