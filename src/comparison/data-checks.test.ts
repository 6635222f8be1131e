import { expect, test } from 'vitest';
import { binaryTasks } from '../models/tasks.fixture.js';
import { checkData, checkWeights } from './next.js';
import { parsed } from './plan/planned-runs.fixture.js';

/** @param last Further keys of the last model. */
function configWith(keys: string, last = '') {
  const text = `name: small
compare:
  models:
    - { type: single-task, levels: [[32]], tower: [8] }
    - { type: hard-sharing, levels: [[32]], tower: [8] }
    - { type: mmoe, levels: [[32]], tower: [8]${last} }
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
  testClasses: [],
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
  'an axis of loss weights is refused where the balancing method %s of a model that it varies undoes them',
  (method) => {
    const weights = (model: string) => `loss.weights.income.initial: { values: [1, 2], models: [${model}] }`;
    const balancing = (other: string) => `loss.balancing: [{ type: dwa }, ${other}]`;
    const configs = (other: string, model: string) => [
      configWith(`  axes: { ${weights(model)}, ${balancing(other)} }\n`),
      configWith(`  axes: { ${weights(model)} }\n  tune: { ${balancing(other)} }\n`),
      configWith(`  axes: { ${weights(model)} }\n`, `, tune: { ${balancing(other)} }`),
    ];
    for (const config of configs(method, 'mmoe'))
      expect(() => checkWeights(config)).toThrow(/^compare\.axes\.loss\.weights\.income\.initial: .*'\w+' undoes/);
    configs('{ type: mgda }', 'mmoe').forEach(checkWeights);
    configs(method, 'hard-sharing').slice(2).forEach(checkWeights);
  },
);
