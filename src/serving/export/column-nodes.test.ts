import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { inputsSchema } from '../../config/parts.js';
import { type ListValues, listBounds, type Source, type SourceColumn } from '../../data/dataset.js';
import { project } from '../../data/encode/project.js';
import type { Encoding, FittedColumn } from '../../data/encoding.js';
import { encodeModel, valueInfo } from '../../engine/run/onnx-format.js';
import { must } from '../../support/must.js';
import { randomFromSeed } from '../../support/random.js';
import { columnInputs, columnNodes, inputInfo } from './column-nodes.js';
import { OnnxNodes } from './onnx-nodes.js';

const rows = 300;
const random = randomFromSeed(8);
const pick = <Value>(values: readonly Value[]): Value => must(values[random.below(values.length)], 'a value');
const ofEach = <Value>(value: () => Value) => Array.from({ length: rows }, value);

/** A column as it was fitted, what a source has of it, and what the file is fed. */
interface Case {
  readonly stored: FittedColumn;
  readonly source: SourceColumn;
  readonly values: Int32Array | Float32Array | ListValues;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

type Stored<Kind> = Omit<Extract<FittedColumn, { readonly kind: Kind }>, 'kind' | 'name' | 'cells'>;

function codes(name: string, of: Stored<'vocabulary'>, cells: FittedColumn['cells']): Case {
  const values = Int32Array.from(ofEach(() => random.below(9)));
  return {
    stored: { kind: 'vocabulary', name, cells, ...of },
    source: { name, kind: 'categorical', size: 9 },
    values,
    feeds: { [name]: new Tensor('int64', BigInt64Array.from(values, BigInt), [rows]) },
  };
}

function numbers(
  name: string,
  of: (Stored<'buckets'> & { kind: 'buckets' }) | (Stored<'scale'> & { kind: 'scale' }) | { kind: 'identity' },
  some: readonly number[],
): Case {
  const values = Float32Array.from(ofEach(() => pick([Number.NaN, ...some])));
  return {
    stored: { name, cells: {}, ...of },
    source: { name, kind: 'numeric' },
    values,
    feeds: { [name]: new Tensor('float32', values, [rows]) },
  };
}

function codedList(name: string, of: Stored<'list'>, weights: readonly number[]): Case {
  const lists = ofEach(() =>
    Array.from({ length: random.below(7) }, () => ({ index: random.below(6), weight: pick(weights) })),
  );
  const offsets = Int32Array.of(0, ...lists.map((_, row) => lists.slice(0, row + 1).flat().length));
  const longest = Math.max(...lists.map(({ length }) => length));
  const filled = lists.flatMap((one) => Array.from({ length: longest }, (_, i) => one[i] ?? { index: -1, weight: 0 }));
  const [indexes, given] = [filled.map(({ index }) => BigInt(index)), filled.map(({ weight }) => weight)];
  return {
    stored: { kind: 'list', name, cells: { weights: ':' }, ...of },
    source: { name, kind: 'list', size: 6 },
    values: {
      ...listBounds(offsets),
      indexes: Int32Array.from(lists.flat(), ({ index }) => index),
      weights: Float32Array.from(lists.flat(), ({ weight }) => weight),
    },
    feeds: {
      [name]: new Tensor('int64', BigInt64Array.from(indexes), [rows, longest]),
      [`${name}.weights`]: new Tensor('float32', given, [rows, longest]),
    },
  };
}

const several = [-3.7, -1, -1e-9, 0, 1e-12, 0.1, 0.7, 1, 7, 8, 12345.678, 1e30];
// Texts, hashed values and weighted lists of texts are in the test of the whole file.
const cases: readonly Case[] = [
  numbers('scaled', { kind: 'scale', mean: 1.1, deviation: 3.3, log: false }, several),
  numbers('bucketed', { kind: 'buckets', edges: [-1, 0, 0.1, 7], missing: true }, several),
  codes('code', { values: [3, 0, 8], rare: [] }, {}),
  numbers('log', { kind: 'scale', mean: 0.2, deviation: 0.5, log: true }, several),
  codes('hashed', { values: [null, 5], rare: [1, 2] }, { hash: 9 }),
  codes('complete', { values: 7, rare: [] }, {}),
  numbers('plain', { kind: 'identity' }, several),
  codedList('all', { values: 4, rare: [], length: 4, pool: 'sum' }, [0.25, 1]),
  codedList('coded', { values: [5, 0], rare: [], length: 4, pool: 'mean' }, [-1, 0, 0.25, 1]),
];

/** What training is fed, of rows whose columns come in another order. */
async function encoded(encoding: Encoding) {
  const none = { rows: 0, blockRows: 1, read: () => Promise.reject(new Error('no rows')) };
  const turned = cases.toReversed();
  const block = { rows, columns: turned.map(({ values }) => values), labels: [] };
  const source: Source = {
    columns: turned.map(({ source }) => source),
    tasks: [],
    checksum: '',
    splits: { train: none, validation: none, test: { rows, blockRows: rows, read: () => block } },
  };
  return project(source, encoding, inputsSchema.parse({}), []).splits.test.read(0);
}

test('columns of numbers and codes become what training is fed', async () => {
  const encoding: Encoding = {
    schema: 1,
    texts: { missing: ['NA', ' ? '] },
    columns: cases.map(({ stored }) => stored),
    tasks: [],
  };
  const input = columnInputs(encoding).map(inputInfo);
  const nodes = new OnnxNodes(input.map(({ name }) => name));
  const { categorical = '', numeric = '' } = columnNodes(nodes, encoding);
  const { node, initializer } = nodes;
  const output = [valueInfo(categorical, 'int32', ['N', 'F']), valueInfo(numeric, 'float32', ['N', 'D'])];
  const bytes = encodeModel({ name: 'columns', node, initializer, input, output }, { domains: { 'ai.onnx.ml': 2 } });
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const found = await session.run(Object.assign({}, ...cases.map(({ feeds }) => feeds)));
  await session.release();

  const expected = await encoded(encoding);
  expect(found[categorical]?.data).toEqual(expected.categorical);
  const made = found[numeric]?.data;
  if (!(made instanceof Float32Array)) throw new Error('no numbers');
  expect(made).toHaveLength(expected.numeric.length);
  for (const [i, value] of expected.numeric.entries())
    expect(Math.abs((made[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-7 * Math.abs(value));
});
