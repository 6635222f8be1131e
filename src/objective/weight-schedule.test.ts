import { describe, expect, it } from 'vitest';
import { weightSchedules } from './catalogue.js';

const tasks = ['buy', 'click', 'like'];
const weights = { click: { initial: 2, ratio: 0.5 }, buy: { initial: 1, ratio: 0.9 } }; // not in the tasks' order

describe('pitfall 18: weights are found by task', () => {
  it('exponential: initial * ratio^t, t counting completed epochs from 0', () => {
    const schedule = weightSchedules.get('exponential').build(tasks, weights, { type: 'exponential' });
    expect(schedule.weights(0, 0)).toEqual([1, 2, 1]);
    expect(schedule.weights(1, 100)).toEqual([0.9, 1, 1]);
    expect(schedule.weights(3, 300)).toEqual([0.9 ** 3, 0.25, 1]);
  });

  it('exponential by step', () => {
    const schedule = weightSchedules.get('exponential').build(tasks, weights, { type: 'exponential', unit: 'step' });
    expect(schedule.weights(5, 2)).toEqual([0.9 ** 2, 0.5, 1]);
  });

  it('constant', () => {
    const schedule = weightSchedules
      .get('constant')
      .build(tasks, { like: { initial: 0, ratio: 1 } }, { type: 'constant' });
    expect(schedule.weights(7, 700)).toEqual([1, 1, 0]);
  });

  it('an unknown task is an error with the nearest one', () => {
    const build = () =>
      weightSchedules.get('constant').build(tasks, { clik: { initial: 1, ratio: 1 } }, { type: 'constant' });
    expect(build).toThrow("did you mean 'click'");
  });
});
