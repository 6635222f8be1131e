import { expect, test } from 'vitest';
import type { GateUse } from '../../training/evaluation.js';
import { reportFixture } from '../report.fixture.js';
import { runsOfComparison } from './charted-runs.js';
import { expertUse, gateDistances } from './expert-use.js';
import { orderedGates } from './gates.js';
import { layersOf } from './spec.fixture.js';

const models = ['single-task', 'cgc', 'ple'].map((type) => ({ label: type, type }));
const gate = (level: number, name: string, weights: Readonly<Record<string, number>>): GateUse => {
  const mean = Object.values(weights);
  return { level, gate: name, experts: Object.keys(weights), mean, standardDeviation: mean.map(() => 0.1) };
};

test('a gate that feeds an expert of the next level has its rank, and the first of them ranks the experts below', () => {
  const gates = orderedGates([
    gate(1, 'shared/0', { 'shared/0': 0.2, 'shared/1': 0.8 }),
    gate(1, 'shared/1', { 'shared/0': 0.9, 'shared/1': 0.1 }),
    gate(2, 'a', { 'shared/0': 0.3, 'shared/1': 0.7 }),
    gate(2, 'b', { 'shared/0': 0.6, 'shared/1': 0.4 }),
  ]);
  expect(gates.map(({ gate: name, experts }) => [name, experts])).toEqual([
    ['shared 1', ['shared 1', 'shared 2']], // was shared/1, which task a uses most
    ['shared 2', ['shared 1', 'shared 2']],
    ['a', ['shared 2', 'shared 1']],
    ['b', ['shared 2', 'shared 1']],
  ]);
});

test('the distance is the total variation between weights of common experts, scaled to a sum of 1', () => {
  const gates = [
    gate(1, 'a', { 'a/0': 0.5, 'shared/0': 0.4, 'shared/1': 0.1 }),
    gate(1, 'b', { 'b/0': 0.2, 'shared/0': 0.2, 'shared/1': 0.6 }),
    gate(1, 'c', { 'c/0': 0, 'shared/0': 0.8, 'shared/1': 0.2 }),
  ];
  const [level] = gateDistances(gates, ['a', 'b', 'c']);
  expect(level?.pairs.map(({ tasks }) => tasks)).toEqual([
    ['a', 'b'],
    ['a', 'c'],
    ['b', 'c'],
  ]);
  const [ab = 0, ac = 0, bc = 0] = level?.pairs.map(({ distance }) => distance) ?? [];
  expect(ab).toBeCloseTo(0.8 - 0.25, 12);
  expect(ac).toBeCloseTo(0, 12);
  expect(bc).toBeCloseTo(0.55, 12);
  expect(level?.mean).toBeCloseTo((ab + ac + bc) / 3, 12);
  expect(gateDistances([gate(1, 'a', { 'a/0': 1 }), gate(1, 'b', { 'a/0': 1 })], ['a', 'b'])).toEqual([]);
});

test('the heat map has the mean weights over all seeds of every gate, the distance plot a dot per seed', async () => {
  const data = await reportFixture({ rows: 60, seeds: 3, epochs: 3, models });
  const [section] = expertUse(runsOfComparison(data));
  expect(section?.drawings.map(({ title }) => title)).toEqual(['cgc', 'ple', 'Distance between the tasks’ gates']);
  const row = data.comparison.rows.find(({ label }) => label === 'ple');
  const runs = row?.runs.flatMap(({ path }) => data.runs.get(path) ?? []) ?? [];
  const layers = layersOf(section?.drawings[1]?.panels[0]?.spec);
  const cells = [...(layers[0] ?? []), ...(layers[2] ?? [])]; // of both levels, without the numbers
  // Level 1: two tasks and the shared gate over 4, 4 and 6 experts; level 2 without a shared gate.
  expect(cells).toHaveLength(4 + 4 + 6 + 4 + 4);
  const income = cells.filter(({ y }) => y === 'income').slice(0, 4);
  const expected = runs.map(({ gates }) => gates[0]?.mean.slice(0, 2).toSorted((a, b) => b - a) ?? []);
  expect(income[0]?.fillOpacity).toBeCloseTo(expected.reduce((sum, [most = 0]) => sum + most, 0) / 3, 12);
  expect(income.reduce((sum, { fillOpacity }) => sum + Number(fillOpacity), 0)).toBeCloseTo(1, 12);
  const [seeds = []] = layersOf(section?.drawings[2]?.panels[0]?.spec);
  expect(seeds.filter(({ y }) => y === 'ple, level 2').map(({ x }) => x)).toEqual(
    runs.map(({ gates }) => gateDistances(gates, ['income', 'never-married'])[1]?.mean),
  );
  expect(section?.drawings[0]?.remarks?.[0]).toBe(
    'Collapsed in all 3 runs: gate income of level 1 gives more than 95 % to one expert.',
  );
});
