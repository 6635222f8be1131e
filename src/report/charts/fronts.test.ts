import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { frontCharts } from './fronts.js';
import { layersOf } from './spec.fixture.js';

const { comparison } = await reportFixture({
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ],
  models: ['single-task', 'mmoe', 'ple'].map((label) => ({ label, type: label })),
  rows: 60,
  front: [0.5, 1, 4],
});

test('a panel for each model, with its gains at each weight in their order, on the same axes', () => {
  const [section, ...others] = frontCharts(comparison);
  expect(others).toEqual([]);
  const panels = section?.drawings[0]?.panels ?? [];
  expect(panels.map(({ title }) => title)).toEqual(['mmoe', 'ple']);
  const domains = panels.map(({ spec }) => [...new Set(JSON.stringify(spec).match(/"domain":\[[^\]]*\]/g))].join());
  expect(new Set(domains).size).toBe(1);
  for (const [index, { spec }] of panels.entries()) {
    const points = comparison.fronts?.[index]?.points ?? [];
    const layers = layersOf(spec);
    expect(layers.at(-1)?.map(({ x, y }) => [x, y])).toEqual(
      points.map(({ tasks: { click, time } }) => [click?.gain, time?.gain]),
    );
    expect(layers.find((rows) => rows[0] && 'order' in rows[0])?.map(({ order }) => order)).toEqual([0, 1, 2]);
    for (const weight of ['0.5', '1', '4']) expect(layers.flat().some(({ text }) => text === weight)).toBe(true);
  }
});
