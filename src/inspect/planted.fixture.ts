import type { Source, SourceColumn, SourceTask, SplitName } from '../data/dataset.js';
import { type FakeSplit, fakeSource, toLists } from '../data/encode/encode.fixture.js';
import { randomFromSeed } from '../support/random.js';

/** A data set in arrays that a test may change before it becomes a source. */
export interface Plant {
  columns: SourceColumn[];
  tasks: SourceTask[];
  splits: Record<SplitName, { columns: number[][]; labels: number[][]; masks?: number[][] }>;
}

/**
 * Data without findings: 4000, 1000 and 1000 rows of `color` (5 values), `city` (40), `age` (whole numbers) and
 * `weight`. The binary task `click` has a rate near .3 and depends a little on the color. The regression task `time`
 * depends a little on the weight.
 */
export function innocent(): Plant {
  const random = randomFromSeed(7);
  const split = (rows: number) => {
    const each = (make: (row: number) => number) => Array.from({ length: rows }, (_, row) => make(row));
    const color = each(() => random.below(5));
    const weight = each(() => random.normal());
    return {
      columns: [color, each(() => random.below(40)), each(() => 18 + random.below(60)), weight],
      labels: [
        each((row) => Number(random.uniform() < 0.2 + 0.05 * (color[row] ?? 0))),
        each((row) => 10 + (weight[row] ?? 0) + random.normal()),
      ],
    };
  };
  const names = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);
  return {
    columns: [
      { name: 'color', kind: 'categorical', dictionary: names(5) },
      { name: 'city', kind: 'categorical', dictionary: names(40) },
      { name: 'age', kind: 'numeric' },
      { name: 'weight', kind: 'numeric' },
    ],
    tasks: [
      { name: 'click', type: 'binary' },
      { name: 'time', type: 'regression' },
    ],
    splits: { train: split(4000), validation: split(1000), test: split(1000) },
  };
}

/** Adds a column to every split; `value` is given the row's labels. */
export function addColumn(plant: Plant, column: SourceColumn, value: (labels: number[], row: number) => number): Plant {
  plant.columns.push(column);
  for (const { columns, labels } of Object.values(plant.splits)) {
    const rows = labels[0]?.length ?? 0;
    columns.push(
      Array.from({ length: rows }, (_, row) =>
        value(
          labels.map((task) => task[row] ?? 0),
          row,
        ),
      ),
    );
  }
  return plant;
}

/** Adds a task to every split; its label is made of those before it. */
export function addTask(plant: Plant, task: SourceTask, label: (labels: number[], row: number) => number): Plant {
  plant.tasks.push(task);
  for (const { labels } of Object.values(plant.splits)) {
    const [first = []] = labels;
    labels.push(
      first.map((_, row) =>
        label(
          labels.map((one) => one[row] ?? 0),
          row,
        ),
      ),
    );
  }
  return plant;
}

export function plantedSource({ columns, tasks, splits }: Plant, blockRows = 256) {
  const fixed: Record<SplitName, FakeSplit> = splits;
  return fakeSource(columns, tasks, fixed, blockRows);
}

/** The source's tasks with their places, as `inspect` takes them. */
export function indexedTasks(source: { readonly tasks: readonly SourceTask[] }) {
  return source.tasks.map((task, index) => ({ task, index }));
}

/** A list column `x` and a binary task `y`, the same in every split. */
export function listSource(
  rows: readonly {
    readonly entries: readonly number[];
    readonly weights?: readonly number[];
    readonly label: number;
  }[],
): Source {
  const { weights, ...lists } = toLists(
    rows.map(({ entries, weights = [] }) => entries.map((entry, i) => [entry, weights[i] ?? 1])),
  );
  const columns = [rows.some(({ weights }) => weights) ? { ...lists, weights } : lists];
  const labels = [Float32Array.from(rows, ({ label }) => label)];
  const split = {
    rows: rows.length,
    blockRows: rows.length,
    read: () => ({ rows: rows.length, columns, labels }),
  };
  return {
    columns: [{ name: 'x', kind: 'list', size: 3 }],
    tasks: [{ name: 'y', type: 'binary' }],
    checksum: 'lists',
    splits: { train: split, validation: split, test: split },
  };
}
