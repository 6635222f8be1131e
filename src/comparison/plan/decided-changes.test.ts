import { expect, test } from 'vitest';
import type { AxisPoint } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';
import type { ModelShape } from '../../models/model.js';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { must } from '../../support/must.js';
import { parameterCounts } from './data-shapes.js';
import { createMatching, decide, joinDecisions } from './decided-changes.js';
import { parsed } from './planned-runs.fixture.js';

const text = `name: small
compare:
  models:
    - { type: single-task, levels: [[32]], tower: [8] }
    - { type: hard-sharing, levels: [[32]], tower: [8] }
  seeds: 5
  match: parameters
  axes: { model.tower: [[8], [12]] }
  tune: { inputs.embedding: [4, 16] }
dataset: { from: census-income }
tasks: [{ name: income, type: binary }, { name: never-married, type: binary }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
`;
const config = parsed(text);
const shapeWith = (width: number): ModelShape => ({
  tasks: binaryTasks('income', 'never-married'),
  categorical: Array.from({ length: 10 }, (_, column) => ({ name: `c${column}`, cardinality: 50, embedding: width })),
  numeric: [],
});

const readShape = async ({ inputs }: Experiment) => {
  const rows = { train: 1, validation: 1, test: 1 };
  return { kind: 'shape', model: shapeWith(inputs.embedding), rows, grouped: false, testClasses: [] } as const;
};

test('a tuned width of the inputs is counted where widths are matched; the measure is the baseline as configured', async () => {
  const read: number[] = [];
  const matching = createMatching(config, async (experiment) => {
    read.push(experiment.inputs.embedding);
    return readShape(experiment);
  });
  const cases = [4, 16].flatMap((embedding) => [8, 12].map((tower) => ({ embedding, tower })));
  for (const { embedding, tower } of cases) {
    const baseline = 2 * (40 * 32 + 32 + 32 * tower + tower + tower + 1);
    const point = { 'model.tower': [tower] };
    for (const label of ['single-task', 'hard-sharing']) {
      const { changes, match } = await matching(label, point, { 'inputs.embedding': embedding });
      const { network } = parameterCounts(config.experiment(label, point, 1, changes), shapeWith(embedding));
      expect(match?.network).toBe(network); // that of the run
      expect(Math.abs(network - baseline)).toBeLessThan(baseline / 50);
      expect(network - (match?.miss ?? Number.NaN)).toBe(baseline);
    }
  }
  expect(new Set(read)).toEqual(new Set([4, 16]));
});

test('a model of independent networks decides task by task, another for all its tasks; each is matched with its own values', async () => {
  const point = must(config.points[0], 'a point');
  const [low, high] = [{ 'inputs.embedding': 4 }, { 'inputs.embedding': 16 }];
  const [first, second] = [['income'], ['never-married']] as const;
  const changes = await decide(config, createMatching(config, readShape), (label) =>
    label === 'single-task'
      ? [
          { tasks: first, values: low },
          { tasks: second, values: high },
        ]
      : [{ tasks: [...first, ...second], values: high }],
  );
  const parts = changes('single-task', point, 1);
  const [income, married] = parts;
  expect(parts).toMatchObject([
    { tasks: first, values: low },
    { tasks: second, values: high },
  ]);
  expect(income?.match?.miss).toBe(0); // as configured
  expect(married?.match?.levels[0]?.[0]).toBeLessThan(32); // with wider inputs
  expect(joinDecisions([parts, parts], 2)).toEqual({
    searched: 2,
    tunedByTask: { income: low, 'never-married': high },
    matchByTask: { income: income?.match, 'never-married': married?.match },
  });

  const joint = changes('hard-sharing', point, 1);
  const [{ tasks, match } = {}] = joint;
  expect(tasks).toBeUndefined();
  expect(joinDecisions([joint], 3)).toEqual({ searched: 3, tuned: high, match });
  const { model } = config.experiment('hard-sharing', point, 1, joint[0]?.changes);
  expect(model).toMatchObject({ levels: match?.levels, tower: match?.tower });
});

test('what seeds decided differently is left out', async () => {
  const decided = (values: AxisPoint, width: number, tasks?: readonly string[]) => {
    const match = { levels: [[width]], tower: [], factor: 1, network: width, miss: 0 };
    return { changes: {}, values, match, tasks };
  };
  const [low, high] = [{ 'inputs.embedding': 4 }, { 'inputs.embedding': 16 }];
  const { match } = decided(low, 8);
  expect(joinDecisions([[decided(low, 8)], [decided(high, 8)]], 2)).toEqual({ searched: 2, match });
  const byTask = [decided(low, 8, ['income']), decided(high, 8, ['never-married'])];
  expect(joinDecisions([byTask, [decided(low, 8)]], 2)).toEqual({ searched: 2, match });
  const wider = [decided(low, 8, ['income']), decided(high, 9, ['never-married'])];
  expect(joinDecisions([byTask, wider], undefined)).toEqual({
    tunedByTask: { income: low, 'never-married': high },
  });
});
