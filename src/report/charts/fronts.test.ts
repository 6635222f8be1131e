import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { frontCharts } from './fronts.js';
import { rowsWith } from './spec.fixture.js';

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
  expect(panels.map(({ title }) => title.replace(/[\d.]+/g, 'n'))).toEqual(['mmoe: n %² [n, n]', 'ple: n %² [n, n]']);
  const domains = panels.map(({ spec }) =>
    JSON.stringify(spec)
      .match(/"domain":\[[^\]]*\]/g)
      ?.join(),
  );
  expect(new Set(domains).size).toBe(1);
  for (const [index, { spec }] of panels.entries()) {
    const points = comparison.fronts?.[index]?.points ?? [];
    const rows = rowsWith(spec, 'order', 'x1', 'y1');
    expect(rows.map(({ label, order }) => [label, order])).toEqual([['0.5', 0], ['1', 1], ['4', 2]]); // biome-ignore format: short
    expect(rows.map(({ x, x1, x2 }) => [x, [x1, x2]])).toEqual(
      points.map(({ tasks }) => [tasks.click?.gain, tasks.click?.interval]),
    );
    expect(rows.map(({ y, y1, y2 }) => [y, [y1, y2]])).toEqual(
      points.map(({ tasks }) => [tasks.time?.gain, tasks.time?.interval]),
    );
  }
});

test('there is none without fronts', () => {
  expect(frontCharts({ ...comparison, fronts: [] })).toEqual([]);
});
