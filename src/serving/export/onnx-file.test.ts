import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import { storedFeatures } from '../../data/encode/stored-encoding.js';
import { lookAtMachine, openEngine } from '../../engine/devices/choose-device.js';
import { models } from '../../models/catalogue.js';
import { smallOptions } from '../../models/run.fixture.js';
import { float32, sizeOf } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { shapeOf } from '../../training/setup.js';
import { trainedOnMixed, writeMixedTable } from '../mixed-table.fixture.js';
import { predictions } from '../predict-rows.js';
import { encodedRows } from '../score-rows.js';
import { readTrainedRun, type TrainedRun } from '../trained-run.js';
import { columnInputs } from './column-nodes.js';
import { onnxFile } from './onnx-file.js';
import { feedsOf, type RawRow } from './raw-columns.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-export-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeMixedTable(folder);
const file = (name: string) => join(folder, name);
const rows: RawRow[] = parse(readFileSync(file('inputs.csv')), { columns: true });

/** What `ple predict` writes of the test rows, by column. */
async function predicted(run: TrainedRun, data: string): Promise<Record<string, readonly number[]>> {
  const { engine } = await openEngine(run.experiment.engine, lookAtMachine());
  const context = { seed: 0, note: () => undefined };
  const encoded = await encodedRows(run, [data], { keep: [], dialect: {}, labels: false }, context);
  const { columns, blocks } = predictions(run, encoded.dataset, engine, 'label', () => undefined);
  const all = columns.map((): number[] => []);
  for await (const block of blocks)
    for (const [c, values] of block.columns.entries())
      if (!('offsets' in values)) all[c]?.push(...Array.from(values, Number));
  await encoded.release();
  return Object.fromEntries(columns.map(({ name }, c) => [name, must(all[c], name)]));
}

/** The same of an exported file, with the classes' columns apart. */
async function served(session: InferenceSession, feeds: InferenceSession.FeedsType, classes: readonly string[]) {
  const found: Record<string, readonly number[]> = {};
  for (const [name, { data, dims }] of Object.entries(await session.run(feeds))) {
    if (name.endsWith('.logit')) continue;
    const values = Array.from(data, Number);
    const [count = 0, width] = dims;
    if (width === undefined) found[name] = values;
    else
      for (const [c, text] of classes.entries())
        found[`${name}.${text}`] = Array.from({ length: count }, (_, row) => values[row * width + c] ?? Number.NaN);
  }
  return found;
}

async function expectServed(run: TrainedRun, tolerance = 1e-5): Promise<void> {
  const expected = await predicted(run, file('inputs.csv'));
  const session = await InferenceSession.create(onnxFile(run), { logSeverityLevel: 3 });
  const classes = run.encoding.tasks.flatMap(({ classes = [] }) => classes);
  for (const [from, count] of [
    [0, 203],
    [0, 7],
    [7, 1],
    [0, 0],
  ] as const) {
    const some = rows.slice(from, from + count);
    const found = await served(session, feedsOf(columnInputs(run.encoding), some), classes);
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, values] of Object.entries(found)) {
      expect(values).toHaveLength(some.length);
      const differences = values.map((value, row) => {
        const wanted = expected[name]?.[from + row] ?? Number.NaN;
        return Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
      });
      expect(Math.max(0, ...differences), name).toBeLessThan(tolerance);
    }
  }
  await session.release();
}

/** The run with changes, and parameters that are drawn widely. */
function changed(
  run: TrainedRun,
  tasks: readonly string[],
  model: Readonly<Record<string, unknown>>,
  inputs: object = {},
): TrainedRun {
  const isOf = ({ name }: { readonly name: string }) => tasks.includes(name);
  const experiment = {
    ...run.experiment,
    tasks: run.experiment.tasks.filter(isOf),
    model: { ...run.experiment.model, ...model },
    inputs: { ...run.experiment.inputs, ...inputs },
  };
  const encoding = { ...run.encoding, tasks: run.encoding.tasks.filter(isOf) };
  const shape = shapeOf(storedFeatures(encoding, experiment.inputs), experiment.inputs);
  const { parameters } = models.get(experiment.model.type).build(shape, experiment.model);
  const drawn = Object.entries(parameters).map(([name, { shape }]) => {
    const stream = randomFromSeed(3).stream(name);
    const draw = () => (name.endsWith('variance') ? 0.5 + stream.uniform() : 0.5 * stream.normal());
    return [name, float32(shape, new Float32Array(sizeOf(shape)).map(draw))];
  });
  return { ...run, experiment, encoding, parameters: Object.fromEntries(drawn) };
}

const tasks = `[
  { name: click, type: binary }, { name: buy, type: binary }, { name: spend, type: regression, standardize: true },
  { name: plan, type: multiclass }]`;
const every = ['click', 'buy', 'spend', 'plan'];

describe('an exported file predicts raw columns as ple predict does', async () => {
  const model = `{ type: ple, levels: [[6], [4]], tower: [4], experts: { shared: 1, task: 1 }, normalization: batch, dropout: 0.2 }`;
  const run = await readTrainedRun(await trainedOnMixed(folder, tasks, model));

  test.each(models.names)('%s', async (type) => {
    const prior = type === 'pepnet' ? { prior: ['city'] } : {};
    const options = { ...smallOptions(type, 'click', 'buy'), ...prior };
    const binary = changed({ ...run, experiment: { ...run.experiment, model: { type } } }, ['click', 'buy'], options);
    await expectServed(binary);
  });

  test('a trained run with all types of tasks, dropout and batch normalisation', () => expectServed(run));

  test('a run with tables on the host', async () => {
    const large = changed(run, every, {}, { large: 8 });
    expect(Object.keys(large.parameters)).toContain('large.user');
    await expectServed(large);
  });

  test.each([
    ['fm', {}, { interaction: 'fm' }],
    ['cross', {}, { interaction: 'cross' }],
    ['layer normalisation and prelu', { normalization: 'layer', activation: 'prelu' }, {}],
    ['gelu', { activation: 'gelu' }, {}],
    ['silu', { activation: 'silu' }, {}],
    ['a width that is the first batch size', { levels: [[101], [103]] }, {}],
  ])('%s', (_, model, inputs) => expectServed(changed(run, every, model, inputs)));

  test.each([[['income', 'day']], [['city', 'age']], [['tags']]])('%j alone', (names) => {
    const columns = run.encoding.columns.filter(({ name }) => names.includes(name));
    return expectServed(changed({ ...run, encoding: { ...run.encoding, columns } }, every, {}));
  });

  test('a column with the name of an output is refused', () => {
    const columns = run.encoding.columns.map((column) =>
      column.name === 'day' ? { ...column, name: 'buy.logit' } : column,
    );
    expect(() => onnxFile({ ...run, encoding: { ...run.encoding, columns } })).toThrow(/would be called 'buy.logit'/);
  });

  test('a log link, the mean of a list, and a column that is constant in training', () => {
    const { columns, tasks } = run.encoding;
    const encoding = {
      ...run.encoding,
      columns: columns.map((column) => {
        if (column.kind === 'list') return { ...column, pool: 'mean' as const };
        return column.name === 'day' && column.kind === 'scale' ? { ...column, deviation: 0 } : column;
      }),
      tasks: tasks.map((task) => (task.name === 'spend' ? { ...task, link: 'log' as const, scale: 0.1 } : task)),
    };
    return expectServed({ ...run, encoding });
  });
});
