import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { InferenceSession } from 'onnxruntime-node';
import { expect } from 'vitest';
import { features } from '../../data/encode/project.js';
import { openEngine, thisMachine } from '../../engine/devices/devices.js';
import { models } from '../../models/catalogue.js';
import { smallOptions } from '../../models/run.fixture.js';
import { elementCount, float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { modelShape } from '../../training/setup.js';
import { trainedOnMixed } from '../mixed-table.fixture.js';
import { mixedFolder } from '../predict-rows.fixture.js';
import { encodedRows, predictions } from '../score-rows.js';
import { readTrainedRun, type TrainedModel } from '../trained-run.js';
import { columnInputs } from './column-nodes.js';
import { onnxFile } from './onnx-file.js';
import { makeFeeds, type RawRow } from './raw-columns.fixture.js';

const folder = mixedFolder();
const file = (name: string) => join(folder, name);
const rows: RawRow[] = parse(readFileSync(file('inputs.csv')), { columns: true });

/** The predictions that `ple predict` writes for the test rows, by column. */
export async function predicted(
  run: TrainedModel,
  data = file('inputs.csv'),
): Promise<Record<string, readonly number[]>> {
  const { engine } = await openEngine(run.experiment.engine, thisMachine());
  const context = { seed: 0, note: () => undefined };
  const encoded = await encodedRows(run, [data], { keep: [], dialect: {}, labels: false }, context);
  const { columns, blocks } = predictions(run, encoded.dataset, engine, 'label', () => undefined);
  const all = columns.map((): number[] => []);
  for await (const block of blocks)
    for (const [c, values] of block.columns.entries()) all[c]?.push(...Array.from(values, Number));
  await encoded.release();
  return Object.fromEntries(columns.map(({ name }, c) => [name, must(all[c], name)]));
}

/** The predictions of an exported file, with a column per class. */
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

/**
 * The file of a run must predict raw columns as `ple predict` does.
 * @param most bytes of constants in it
 * @param tolerance of a prediction, relative if it is above 1
 */
export async function expectServed(run: TrainedModel, most?: number, tolerance = 1e-5): Promise<void> {
  const expected = await predicted(run);
  const path = file('served.onnx');
  const made = onnxFile(run, 'served.onnx.data', most);
  writeFileSync(path, made.file);
  writeFileSync(`${path}.data`, Buffer.concat(made.data));
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  const classes = run.encoding.tasks.flatMap(({ classes = [] }) => classes);
  for (const [from, count] of [
    [0, 203],
    [0, 7],
    [7, 1],
    [0, 0],
  ] as const) {
    const some = rows.slice(from, from + count);
    const found = await served(session, makeFeeds(columnInputs(run.encoding), some), classes);
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

/** The run with changes, and parameters drawn from a wide range. @param apart a set of parameters for each task */
export function changed(
  run: TrainedModel,
  tasks: readonly string[],
  model: Readonly<Record<string, unknown>>,
  apart = false,
): TrainedModel {
  const isChosen = ({ name }: { readonly name: string }) => tasks.includes(name);
  const experiment = {
    ...run.experiment,
    tasks: run.experiment.tasks.filter(isChosen),
    model: { ...run.experiment.model, ...model },
  };
  const encoding = { ...run.encoding, tasks: run.encoding.tasks.filter(isChosen) };
  const shape = modelShape(features(encoding, experiment.inputs));
  const { parameters } = models.get(experiment.model.type).build(shape, experiment.model);
  const drawn = (set: string) =>
    Object.entries(parameters).map(([name, { shape }]) => {
      const stream = randomFromSeed(3).stream(`${set}${name}`);
      const draw = () => (name.endsWith('variance') ? 0.5 + stream.uniform() : 0.5 * stream.normal());
      return [name, float32(shape, new Float32Array(elementCount(shape)).map(draw))];
    });
  const sets = apart ? tasks.map((task) => [task]) : [tasks];
  return {
    ...run,
    experiment,
    encoding,
    sets: sets.map((of) => ({ file: 'none', experiment, tasks: of, parameters: Object.fromEntries(drawn(of.join())) })),
  };
}

const tasks = `[
  { name: click, type: binary }, { name: buy, type: binary }, { name: spend, type: regression, standardize: true },
  { name: plan, type: multiclass }]`;
export const every = ['click', 'buy', 'spend', 'plan'];

/** A run of all types of tasks, with dropout and batch normalisation. */
export async function trainedRun(overrides?: readonly string[]): Promise<TrainedModel> {
  const model = `{ type: ple, levels: [[6], [4]], tower: [4], experts: { shared: 1, task: 1 }, normalization: batch, dropout: 0.2 }`;
  return readTrainedRun(await trainedOnMixed(folder, tasks, model, '', overrides));
}

/** `expectServed` for another model, on the run's two binary tasks. */
export async function expectModelServed(run: TrainedModel, type: string): Promise<void> {
  const prior = type === 'pepnet' ? { prior: ['city'] } : {};
  const options = { ...smallOptions(type, 'click', 'buy'), ...prior };
  await expectServed(
    changed({ ...run, experiment: { ...run.experiment, model: { type } } }, ['click', 'buy'], options),
  );
}
