import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseExperiment } from '../config/experiment.js';
import { randomFromSeed } from '../support/random.js';
import { definitions } from '../training/definitions.js';
import { run } from '../training/run.js';

const columns = ['id', 'city', 'user', 'age', 'income', 'day', 'tags', 'click', 'buy', 'spend', 'plan'] as const;
const isInput = (name: string) => !['click', 'buy', 'spend', 'plan'].includes(name);

/** Overrides that give bins to two numeric columns, one of which has missing values. */
export const piecewise = [
  'inputs.columns.age={numeric: piecewise}',
  'inputs.columns.income={numeric: piecewise, bins: 5}',
];

/** The cells of a line. Quotes stand around commas. */
export const splitLine = (line: string) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);

/**
 * Writes `train.csv` (900 rows), `test.csv` (203) and `inputs.csv`, which has the test rows without labels. They have
 * texts with commas and blanks, hashed ids, numbers and odd texts among them, times, weighted lists, and missing
 * values. The test rows also have values that training never had.
 */
export function writeMixedTable(folder: string): void {
  const random = randomFromSeed(5);
  const pick = (values: readonly string[]) => values[random.below(values.length)] ?? '';
  const table = (rows: number, cities: readonly string[], names: readonly string[], more: number) => {
    const lines = Array.from({ length: rows }, (_, row) => {
      const [age, city] = [18 + random.below(50), pick(cities)];
      const click = random.uniform() < (city === 'Bern' ? 0.7 : 0.4);
      const tags = Array.from({ length: random.below(5) }, () => `t${random.below(12 + more)}:${random.below(9) / 4}`);
      const cells = {
        id: String(row),
        city,
        user: random.uniform() < 0.05 ? '' : `u${random.below(300 + more)}`,
        age: random.uniform() < 0.1 ? '' : String(age),
        income: random.uniform() < 0.02 ? 'unknown' : (random.normal() * 1000 * age).toFixed(2),
        day: `2024-0${1 + random.below(9)}-1${random.below(10)}`,
        tags: tags.join('|'),
        click: String(Number(click)),
        buy: String(Number(click && random.uniform() < age / 60)),
        spend: random.uniform() < 0.2 ? 'NA' : (age + 5 * random.normal()).toFixed(3),
        plan: pick(['free', 'paid', 'team']),
      };
      return names.map((name) => cells[columns.find((column) => column === name) ?? 'id']).join(',');
    });
    return `${names.join(',')}\n${lines.join('\n')}\n`;
  };
  const known = ['Bern', ' Genf ', '"Basel, CH"', '', 'NA', 'null'];
  writeFileSync(join(folder, 'train.csv'), table(900, known, columns, 0));
  const test = table(203, [...known, 'Ōsaka', 'rare'], columns, 10);
  writeFileSync(join(folder, 'test.csv'), test);
  const places = [...columns.keys()].filter((place) => isInput(columns[place] ?? ''));
  const inputs = test.split('\n').map((line) => places.map((place) => splitLine(line)[place]).join(','));
  writeFileSync(join(folder, 'inputs.csv'), `${inputs.slice(0, -1).join('\n')}\n`);
}

/**
 * Trains on the table, and returns the run's folder.
 * @param dataset more keys of `dataset`
 * @param overrides keys of the config, as `ple train` takes them
 */
export async function trainedOnMixed(
  folder: string,
  tasks: string,
  model: string,
  dataset = '',
  overrides: readonly string[] = [],
): Promise<string> {
  const text = `name: mixed
dataset:
  loader: table
  path: ${join(folder, 'train.csv')}
  test: ${join(folder, 'test.csv')}
  cache: ${join(folder, 'cache')}
  tasks: { click: {}, buy: { mask: { column: click, equals: 1 } }, spend: { regression: true }, plan: { multiclass: true } }
  columns:
    { id: ignored, city: categorical, user: { kind: categorical, hash: 64 }, age: numeric, tags: { kind: list, weights: ':' } }
  ${dataset}
inputs:
  { numeric: quantile, buckets: 8, unseen: apart, minCount: 3, maxLength: 3, columns: { income: { numeric: log1p }, day: { numeric: standard } } }
tasks: ${tasks}
model: ${model}
train: { epochs: 3, batchSize: 64, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
`;
  const outcome = await run(parseExperiment(text, 'mixed.yaml', overrides, definitions), {
    runs: join(folder, 'runs'),
    overwrite: true,
    predictions: true,
    signal: new AbortController().signal,
    on: () => undefined,
  });
  return outcome.path;
}
