import type { Tensor } from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { lookUp } from '../../models/layers/look-up.js';
import { float32, int32 } from '../../support/arrays.js';
import { tf } from '../../support/tf.js';
import type { Signature, Step } from '../engine.js';
import { createCompiledEngine } from './compiled-engine.js';

const [batch, steps] = [4, 6];
/** Two columns of a batch of three index a table of 20 + 30 rows. */
const parts = [
  { columns: [2], first: 0, rows: 20 },
  { columns: [0], first: 20, rows: 30 },
];

type Given = Readonly<Record<'table' | 'sum' | 'ids' | 'gradient' | 'rows', Tensor>>;
type Change = (given: Given) => Partial<ReturnType<Step>>;

/** A step that adds the squares of looked-up rows. `change` puts something else in place of its state or outputs. */
function stepWith(change: Change): Step {
  return ({ table, sum }, { ids }) => {
    if (!table || !sum || !ids) throw new Error('missing');
    const rows = columnsOf(ids, [2, 0]).add(tf.tensor1d([0, 20], 'int32'));
    const gradient = tf.grad((x) => lookUp(x, rows).square().sum())(table);
    const squares = sum.add(gradient.square());
    const moved = table.sub(gradient.div(squares.sqrt().add(1e-6)).mul(0.1));
    const outputs = { norm: gradient.square().sum(), first: lookUp(table, rows).sum() };
    return { state: { table: moved, sum: squares }, outputs, ...change({ table, sum, ids, gradient, rows }) };
  };
}

const columnsOf = (ids: Tensor, columns: number[]) => tf.gather(ids, tf.tensor1d(columns, 'int32'), 1);

function signature(): Required<Signature> {
  const table = float32(
    [50, 3],
    Float32Array.from({ length: 150 }, (_, at) => Math.sin(at)),
  );
  const index = { input: 'ids', parts };
  return {
    state: { table, sum: float32([50, 3]), step: float32([]) },
    batch: { ids: { dtype: 'int32', shape: [batch, 3] } },
    rows: { table: index, sum: index },
  };
}

const chunk = () => ({
  ids: int32(
    [steps, batch, 3],
    Int32Array.from({ length: steps * batch * 3 }, (_, at) => (at * 7) % (at % 3 === 0 ? 30 : 20)),
  ),
});

async function run(step: Step, { rows, ...given }: Signature, fed = chunk()) {
  const program = await createCompiledEngine({ threads: 1 }).compile(step, { ...given, ...(rows && { rows }) });
  const outputs = await program.run(fed);
  const state = await program.readState();
  await program.release();
  return { outputs, state, rows: [...(program.rows ?? [])] };
}

test('a step on the rows of its batches changes the tables in place, to the bits of a step on whole tables', async () => {
  const step = stepWith(() => ({}));
  const given = signature();
  const { rows: _, ...dense } = signature();
  const whole = await run(step, dense);
  const some = await run(step, given);
  expect([whole.rows, some.rows]).toEqual([[], ['table', 'sum']]);
  expect(some.state).toEqual(whole.state);
  expect(some.outputs.first).toEqual(whole.outputs.first);
  expect(some.state.table).toBe(given.state.table);
  const fed = chunk();
  expect((await run(step, signature(), fed)).outputs).toEqual(some.outputs);
  expect(fed).toEqual(chunk());
  // Sums over rows have one order, whatever that of the batch.
  const size = 3 * batch;
  const turned = fed.ids.data.map((_, at, ids) => ids[at - (at % size) + (((at % size) + 3) % size)] ?? 0);
  const others = await run(step, signature(), { ids: int32(fed.ids.shape, turned) });
  expect(others.outputs.norm).toEqual(some.outputs.norm);
});

test.each<[string, Change]>([
  ['every row decays', ({ table, gradient }) => ({ state: { table: table.mul(0.9).sub(gradient) } })],
  ['rows move by what they have', ({ table, sum }) => ({ state: { table: table.sub(sum) } })],
  ['a sum over all rows', ({ table }) => ({ outputs: { sum: table.square().sum() } })],
  ['a mean over all rows', ({ gradient }) => ({ outputs: { mean: gradient.mean() } })],
  ['all rows are an output', ({ gradient }) => ({ outputs: { gradient } })],
  ['ids are numbers too', ({ ids }) => ({ outputs: { ids: ids.toFloat() } })],
  ['ids index something else', ({ ids }) => ({ outputs: { other: tf.gather(tf.range(0, 50), columnsOf(ids, [0])) } })],
  ['rows of another column', ({ ids, table }) => ({ outputs: { other: tf.gather(table, columnsOf(ids, [1])) } })],
  [
    'rows counted from elsewhere',
    ({ rows, table }) => ({ outputs: { other: tf.gather(table, rows.sub(tf.scalar(1, 'int32')).abs().toInt()) } }),
  ],
  [
    'rows meet others',
    ({ table, gradient }) => ({ state: { table: table.sub(tf.range(0, 150).reshape([50, 3]).mul(gradient)) } }),
  ],
])('%s: tables stay whole', async (_, change) => {
  const { rows: __, ...dense } = signature();
  const step = stepWith(change);
  const { rows: ___, ...found } = await run(step, signature());
  const { rows: ____, ...whole } = await run(step, dense);
  expect(found).toEqual(whole);
});

test('an evaluation reads tables where they lie', async () => {
  const given = signature();
  const step = stepWith(({ table, rows }) => ({ state: {}, outputs: { found: tf.gather(table, rows.toInt()) } }));
  const some = await run(step, given);
  expect(some.rows).toEqual(['table']);
  expect(some.state.table).toBe(given.state.table);
});

test('a column that indexes two tables otherwise (wide and deep, of two widths): tables stay whole', async () => {
  const step: Step = ({ deep, wide }, { ids }) => {
    if (!deep || !wide || !ids) throw new Error('missing');
    const both = columnsOf(ids, [2, 0]).add(tf.tensor1d([0, 20], 'int32'));
    const loss = (x: Tensor, y: Tensor) =>
      lookUp(x, columnsOf(ids, [0]))
        .square()
        .sum()
        .add(lookUp(y, both).square().sum());
    const [ofDeep, ofWide] = tf.grads(loss)([deep, wide]);
    if (!ofDeep || !ofWide) throw new Error('missing');
    return { state: { deep: deep.sub(ofDeep), wide: wide.sub(ofWide) }, outputs: { loss: loss(deep, wide) } };
  };
  const table = (rows: number, width: number) =>
    float32(
      [rows, width],
      Float32Array.from({ length: rows * width }, (_, at) => Math.sin(at)),
    );
  const given = { state: { deep: table(30, 3), wide: table(50, 1) }, batch: signature().batch };
  const deepParts = [{ columns: [0], first: 0, rows: 30 }];
  const rows = { deep: { input: 'ids', parts: deepParts }, wide: { input: 'ids', parts } };
  const found = await run(step, { ...given, rows });
  expect(found).toEqual(await run(step, given));
});
