import { expect, test } from 'vitest';
import type { Comparison, ComparisonRow, TaskGain } from '../comparison/comparison.js';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { comparisonDiff, comparisonDiffText } from './comparison-diff.js';

const gain = (mean: number, value: number | null, verdict: TaskGain['verdict'] = null): TaskGain =>
  taskGain(value, verdict, { mean });
const row = (label: string, click: TaskGain, changes: Partial<ComparisonRow> = {}): ComparisonRow =>
  comparisonRow(label, {
    tasks: { click },
    parameters: { embedding: 0, network: 10 },
    verdict: 'baseline',
    ...changes,
  });
const comparison = (rows: readonly ComparisonRow[], changes: Partial<Comparison> = {}): Comparison => ({
  ...everyVerdict,
  ...{ baseline: 'base', tasks: ['click'], seeds: [1, 2], rows, contrasts: [] },
  ...changes,
});
const diff = (left: Comparison, right: Comparison) =>
  comparisonDiff({ path: 'a', comparison: left }, { path: 'b', comparison: right });

test('comparisons that differ in time alone have no difference', () => {
  const rows = [row('base', gain(0.5, null))];
  const found = diff(comparison(rows, { timing: { seconds: 1 } }), comparison(rows, { timing: { seconds: 2 } }));
  expect([found.plan, found.rows]).toEqual([[], []]);
  expect(comparisonDiffText(found)).toBe('no difference\n');
});

test('the plan, gains and verdicts are told by label and axes', () => {
  const axis = { 'dataset.correlation': 0.5 };
  const left = [
    row('base', gain(0.5, null)),
    row('m', gain(0.625, 0.125, 'better'), { axis, verdict: 'better on all' }),
  ];
  const right = [
    row('m', gain(0.625, 0.0625, 'undecided'), { axis, verdict: 'undecided' }),
    row('base', gain(0.5, null), { parameters: null }),
  ];
  const found = diff(comparison(left), comparison(right, { seeds: [1, 2, 3] }));
  expect(found.plan).toEqual([{ key: 'seeds', left: [1, 2], right: [1, 2, 3] }]);
  expect(found.rows).toEqual([
    { key: 'base.parameters', left: 10, right: null },
    { key: 'm dataset.correlation=0.5.click.gain', left: 0.125, right: 0.0625, difference: -0.0625 },
    { key: 'm dataset.correlation=0.5.click.verdict', left: 'better', right: 'undecided' },
    { key: 'm dataset.correlation=0.5.verdict', left: 'better on all', right: 'undecided' },
  ]);
  const text = comparisonDiffText(found);
  expect(text).toMatch(/^seeds +\[1,2\] +\[1,2,3\]$/m);
  expect(text).toMatch(/^base\.parameters +10 +-$/m);
  expect(text).toMatch(/\.click\.gain +0\.12500 +0\.06250 +-0\.06250$/m);
});
