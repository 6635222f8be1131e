import { describe, expect, it, test } from 'vitest';
import type { Engine } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { pureJs } from '../engine/tfjs/backends.js';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.js';
import { mixed, three, two } from '../models/model-tests.fixture.js';
import { present } from '../models/run.fixture.js';
import type { HostArrays } from '../support/arrays.js';
import { expectAsFixed, expectSameBits, madeStep, smallModel, trained } from './step.fixture.js';
import { evaluatedValues } from './step.js';

const compiled = createCompiledEngine({ threads: 1 });

// Of a batch larger than 1800 rows, ONNX Runtime would share the embeddings' gradient.
test.each([
  ['hard-sharing', 1800, {}, {}],
  ['mmoe', 601, { normalization: 'batch' }, {}], // means and variances over all rows of a batch
  // Inner products of long gradients.
  ['hard-sharing', 60, { activation: 'gelu' }, { balancing: { type: 'gradnorm' }, clipNorm: 0.01 }],
] as const)('%s trains to the same bits with one thread and two, in batches of %i, with %o, %o', expectSameBits);

// Experts that some tasks share, a penalty of parameters, and one of rows.
test.each(['cgc', 'sluice', 'aitm'])(
  'where a balancing method has nothing to do, %s trains as with fixed weights',
  (model) => expectAsFixed('metabalance', model),
);

// Gradient descent has no state.
test.each(['cgc', 'sluice', 'aitm'])('with gradient descent %s trains by adatask as with fixed weights', (model) =>
  expectAsFixed('adatask', model, { type: 'sgd' }),
);

test.each([{}, { lazy: true, clipNorm: 0.1 }])('with one task adatask is Adam, %o, to the bit', async (options) => {
  const given = smallModel('hard-sharing', { tasks: two, ...mixed });
  const shape = { ...given.shape, tasks: two.slice(0, 1) };
  const by = async (type: string) => {
    const optimizer = { type: 'adam', ...options };
    return trained(compiled, madeStep({ ...given, shape, optimizer, batchSize: 16, steps: 20, balancing: { type } }));
  };
  const [plain, adatask] = [await by('fixed'), await by('adatask')];
  const withoutTask = Object.entries(adatask.state).map(([name, value]) => [name.replace(/\/\w+\//, '/'), value]);
  expect(Object.keys(adatask.state).filter((name) => name.startsWith('optimizer/adam.first/'))).not.toEqual([]);
  expect({ losses: adatask.losses, state: Object.fromEntries(withoutTask) }).toEqual({
    losses: plain.losses,
    state: plain.state,
  });
});

describe('tables of which a step reads some rows', () => {
  const column = (name: string, cardinality: number, embedding: number) => ({ name, cardinality, embedding });
  const shape = {
    tasks: two,
    categorical: [column('user', 900, 8), column('day', 7, 4), column('item', 400, 8), column('hour', 24, 8)],
    numeric: ['x'],
    lists: [{ ...column('seen', 400, 8), length: 3, attention: { target: 'item', hidden: 4 } }],
  };
  const made = (model: string, optimizer: { readonly type: string }, more: object = {}) =>
    madeStep({
      ...{ ...smallModel(model, shape), batchSize: 32, steps: 200, learningRate: 0.05 },
      ...{ optimizer: { lazy: true, ...optimizer }, ...more },
    });
  const adagrad = { type: 'adagrad' };

  it.each<[string, { readonly type: string; readonly [key: string]: unknown }, object?]>([
    ['ple', adagrad],
    ['stem', { type: 'rowwise-adagrad' }],
    ['single-task', { type: 'sgd' }],
    ['mmoe', { type: 'adam' }],
    ['mmoe', { type: 'adamw', weightDecayEmbeddings: 0.1, l2Embeddings: 0.01, clipValue: 0.5 }],
    ['mmoe', { type: 'adam', learningRate: { click: 0.05, click_buy: 0.02 } }, { balancing: { type: 'adatask' } }],
    ['ple', adagrad, { balancing: { type: 'adatask' } }],
  ])(
    '%s, %o: the same bits as on whole tables, in chunks of 1, 4 and 16 steps',
    async (model, optimizer, more = {}) => {
      const given = made(model, optimizer, more);
      const whole = await trained(compiled, given, { lengths: [16] });
      const { rows, ...some } = await trained(compiled, given, { onRows: true, lengths: [1, 4, 16] });
      expect(rows).toEqual(Object.keys(given.signature(true).rows ?? {}).toSorted());
      expect(rows.length).toBeGreaterThan(2);
      expect({ ...some, rows: [] }).toEqual(whole);
    },
  );

  it.each([
    ['ple', { ...adagrad, clipNorm: 0.05 }, 'fixed'],
    ['stem', adagrad, 'pcgrad'],
    ['mmoe', adagrad, 'gradnorm'],
    ['mmoe', adagrad, 'metabalance'],
  ])(
    '%s, %o, %s: norms over rows have the same bits in chunks of other lengths, and are those of whole tables',
    async (model, optimizer, type) => {
      const given = made(model, optimizer, { balancing: { type } });
      const by = (lengths: number[], onRows = true) => trained(compiled, given, { onRows, lengths, until: 60 });
      const [whole, some, others] = [await by([16], false), await by([1, 4, 16]), await by([16, 3])];
      expect(others).toEqual(some);
      for (const [step, loss] of some.losses.entries()) expect(loss).toBeCloseTo(present(whole.losses[step]), 4);
    },
  );
});

describe.each<[string, Engine]>([
  ['compiled', compiled],
  ['tfjs', createTfjsEngine(pureJs)],
])('%s', (_, engine) => {
  it('epochs are evaluated by the moving average of the parameters', async () => {
    const given = { ...smallModel('hard-sharing', { tasks: three, ...mixed }), batchSize: 8, steps: 3 };
    const sgd = { optimizer: { type: 'sgd' }, learningRate: 0.3 };
    const plain = madeStep({ ...given, ...sgd });
    const average = 0.25;
    const { state } = await trained(engine, madeStep({ ...given, ...sgd, average }));
    const names = Object.keys(plain.parameters);
    const evaluated = evaluatedValues(state, names);
    const paths: HostArrays[] = [];
    for (const until of [1, 2, 3]) paths.push((await trained(engine, plain, { until })).state);
    for (const name of names) {
      expect(state[name]).toEqual(paths[2]?.[name]);
      for (const [i, start] of present(plain.parameters[name]).value.data.entries()) {
        const wanted = paths.reduce((mean, path, index) => {
          const decay = Math.min(average, (index + 2) / (index + 11));
          return decay * mean + (1 - decay) * present(path[name]?.data[i]);
        }, start);
        expect(Math.abs(present(evaluated[name]?.data[i]) - wanted), `${name} ${i}`).toBeLessThan(2e-6);
      }
    }
  });

  it('a lazy table moves in the rows that a step reads, and has no average', async () => {
    const categorical = [{ name: 'id', cardinality: 40, embedding: 3 }];
    const model = smallModel('hard-sharing', { tasks: two, ...mixed, categorical }, { activation: 'tanh' });
    const adam = { optimizer: { type: 'adam', lazy: true }, average: 0.5 };
    const { chunk, parameters, ...rest } = madeStep({ ...model, ...adam, batchSize: 4, steps: 2 });
    const { state } = await trained(engine, { ...rest, chunk });
    const table = 'embeddings.3';
    expect(state[`average/${table}`]).toBeUndefined();
    expect(state['average/bottom.0.weight']).toBeDefined();
    expect(evaluatedValues(state, Object.keys(parameters))[table]).toEqual(state[table]);
    const hasLabel = (step: number, row: number) => [0, 1].some((task) => chunk.mask?.data[step * 8 + task * 4 + row]);
    const ids = Array.from(present(chunk.categorical).data).filter((_, at) => hasLabel(Math.floor(at / 4), at % 4));
    const moved = (name: string, start: (i: number) => number) =>
      [...Array(40).keys()].filter((row) =>
        [0, 1, 2].some((i) => state[name]?.data[row * 3 + i] !== start(row * 3 + i)),
      );
    const seen = [...new Set(ids)].toSorted((a, b) => a - b);
    expect(moved(table, (i) => present(parameters[table]?.value.data[i]))).toEqual(seen);
    for (const slot of ['first', 'second']) expect(moved(`optimizer/adam.${slot}/${table}`, () => 0)).toEqual(seen);
  });
});
