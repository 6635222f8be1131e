import { expect, test } from 'vitest';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { pureJs } from '../engine/tfjs/backends.js';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.js';
import { lossGradients, present, randomValues } from '../models/run.fixture.js';
import { float32 } from '../support/arrays.js';
import { tf } from '../support/tf.js';
import { madeDataset } from './dataset.fixture.js';
import { createDiagnostics } from './diagnostics.js';
import { modelShape, setUp } from './setup.js';
import { binaryTasks, linear, smallExperiment, timeless, trained } from './trainer.fixture.js';

const mask = (task: number, [a]: readonly [number, number]) => task === 0 || a > 0;
const { dataset } = madeDataset(binaryTasks, { rows: 20, label: linear, mask });
const mmoe = '{ type: mmoe, levels: [[4]], tower: [], experts: 3 }';

const compiled = createCompiledEngine({ threads: 1 });

/** What diagnostics say of drawn parameters. */
async function measured(engine: Engine, data: Dataset) {
  const setup = setUp({ ...smallExperiment(mmoe, binaryTasks), diagnostics: true }, data, engine);
  const values = randomValues(setup.model);
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, float32(shape, Float32Array.from(data))]),
  );
  const diagnostics = await createDiagnostics(setup, present(setup.diagnosed ?? undefined), parameters);
  const { cosines } = await diagnostics.measure(parameters);
  await diagnostics.release();
  return { model: setup.model, values, cosines };
}

test('tasks have no cosine without a batch that has rows of both', async () => {
  const { cosines } = await measured(
    compiled,
    madeDataset(binaryTasks, { rows: 20, label: linear, mask: (task) => task === 0 }).dataset,
  );
  expect(cosines).toEqual([{ tasks: ['click', 'share'], cosine: null }]);
});

test.each<[string, Engine]>([
  ['compiled', compiled],
  ['tfjs', createTfjsEngine(pureJs)],
])('%s: the cosines of a run, by the gradients of its training rows', async (_, engine) => {
  await tf.setBackend('cpu');
  const { model, values, cosines } = await measured(engine, dataset);
  const { categorical, numeric, labels, masks } = await dataset.splits.train.read(0);
  const rows = Array.from(categorical, (id, index) => {
    return { index, categorical: [id], numeric: [...numeric.slice(2 * index, 2 * index + 2)] };
  });
  const [click = [], share = []] = [0, 1].map((task) => {
    const of = (array: Float32Array) => tf.tensor1d(array.filter((_, at) => at % 2 === task));
    const signs = of(labels.map((label) => (label === 1 ? -1 : 1)));
    // Of the logistic loss of rows in the sample space: what both tasks reach is all but the gates and towers.
    const gradients = lossGradients(model, values, rows, modelShape(dataset), ({ logits }) =>
      tf.sum(tf.mul(tf.softplus(tf.mul(logits.slice([task, 0], [1, 20]).flatten(), signs)), of(masks))),
    );
    return Object.entries(gradients).flatMap(([name, gradient]) =>
      /^embeddings|experts/.test(name) ? [...gradient] : [],
    );
  });
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * present(b[i]), 0);
  const cosine = dot(click, share) / Math.sqrt(dot(click, click) * dot(share, share));
  expect(cosines).toEqual([{ tasks: ['click', 'share'], cosine: expect.closeTo(cosine, 4) }]);
});

const noisy = '{ type: ple, levels: [[6], [4]], tower: [3], experts: 2, dropout: 0.2, normalization: batch }';

test.each([
  ['a joint model', noisy, true],
  ['networks of their own', '{ type: single-task }', false],
])('diagnostics change nothing else: %s', async (_, model, joint) => {
  const plain = { ...smallExperiment(model, binaryTasks), diagnostics: false };
  const [without, found] = [await trained(plain, dataset), await trained({ ...plain, diagnostics: true }, dataset)];
  const records = found.records.map(({ diagnostics: _, ...record }) => record);
  expect(timeless({ ...found, records })).toEqual(timeless(without));
  expect(found.records.map(({ diagnostics }) => diagnostics?.cosines?.length)).toEqual(
    found.records.map((_, epoch) => (joint && epoch === 0 ? 1 : undefined)),
  );
});

test('without embeddings, towers alone share nothing, and nothing is diagnosed', () => {
  const alone = { ...smallExperiment('{ type: hard-sharing, levels: [] }', binaryTasks), diagnostics: true };
  expect(setUp(alone, { ...dataset, categorical: [] }, createTfjsEngine(pureJs)).diagnosed).toBeNull();
});
