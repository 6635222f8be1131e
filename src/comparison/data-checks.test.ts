import { expect, test } from 'vitest';
import { binaryTasks } from '../models/tasks.fixture.js';
import { checkData, checkFront } from './next.js';
import { parsed } from './plan/planned-runs.fixture.js';

function configWith(keys: string) {
  const text = `name: small
compare:
  models:
    - { type: single-task, levels: [[32]], tower: [8] }
    - { type: hard-sharing, levels: [[32]], tower: [8] }
  seeds: 2
${keys}dataset: { from: census-income }
tasks: [{ name: income, type: binary }, { name: never-married, type: binary }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
`;
  return parsed(text);
}

const data = (test: number, grouped: boolean) => async () => ({
  kind: 'shape' as const,
  model: { tasks: binaryTasks('income', 'never-married'), categorical: [], numeric: [] },
  rows: { train: 1, validation: 1, test },
  grouped,
});

test('errors over test rows want as many rows as predictions are kept for', async () => {
  const config = configWith('  uncertainty: rows\n');
  await checkData(config, data(1_000_000, false));
  await expect(checkData(config, data(1_000_001, false))).rejects.toThrow(/^compare\.uncertainty: 'rows'.* 1,000,001/);
});

test('a metric within groups wants groups', async () => {
  const config = configWith('  metrics: { never-married: groupedAuc, income: logLoss }\n');
  await checkData(config, data(10, true));
  await expect(checkData(config, data(10, false))).rejects.toThrow(/^compare\.metrics\.never-married: 'groupedAuc'/);
});

test.each(['{ type: gradnorm }', '{ type: metabalance, target: income, relax: 1 }'])(
  'a front is refused where the balancing method %s undoes loss weights',
  (method) => {
    const front = '  front: { loss.weights.income.initial: [1, 2] }\n';
    const axes = `  axes: { loss.balancing: [{ type: dwa }, ${method}] }\n`;
    expect(() => checkFront(configWith(front + axes))).toThrow(/^compare\.front: loss\.balancing '\w+' undoes/);
    checkFront(configWith(`${front}  axes: { loss.balancing: [{ type: dwa }, { type: mgda }] }\n`));
  },
);
