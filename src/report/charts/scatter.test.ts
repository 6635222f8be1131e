import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { scatters } from './scatter.js';
import { layersOf } from './spec.fixture.js';

const mixed = await reportFixture({
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ],
  failed: ['mmoe'],
  rows: 400,
});
test('models stand at their gains, with the intervals of the gains', () => {
  const { comparison } = mixed;
  const [section] = scatters(comparison);
  expect(section?.drawings.map(({ title }) => title)).toEqual(['click and time']);
  const layers = layersOf(section?.drawings[0]?.panels[0]?.spec);
  const models = comparison.rows.slice(1).filter(({ label }) => label !== 'mmoe');
  const points = layers.at(-1) ?? [];
  expect(points.map(({ x, y }) => [x, y])).toEqual(
    models.map(({ tasks: { click, time } }) => [click?.gain, time?.gain]),
  );
  const bars = (key: 'x' | 'y') => layers.find((rows) => rows[0] && `${key}2` in rows[0] && 'tip' in rows[0]) ?? [];
  expect(bars('x').map(({ x, x2 }) => [x, x2])).toEqual(models.map(({ tasks }) => tasks.click?.interval));
  expect(bars('y').map(({ y, y2 }) => [y, y2])).toEqual(models.map(({ tasks }) => tasks.time?.interval));
});
