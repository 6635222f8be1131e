import { describe, expect, it } from 'vitest';
import { ConfigError } from '../support/errors.js';
import { weightSchedules } from './catalogue.js';
import { weightScheduleWarning } from './weight-schedule.js';

const tasks = ['buy', 'click', 'like'];
const weights = { click: { initial: 2, ratio: 0.5 }, buy: { initial: 1, ratio: 0.9 } }; // not in the tasks' order

describe('pitfall 18: weights are found by task', () => {
  it('exponential: initial * ratio^t, t counting completed epochs from 0', () => {
    const schedule = weightSchedules.get('exponential').build(tasks, weights, { type: 'exponential' });
    expect(schedule.weights(0, 0)).toEqual([1, 2, 1]);
    expect(schedule.weights(0, 99)).toEqual([1, 2, 1]);
    expect(schedule.weights(1, 100)).toEqual([0.9, 1, 1]);
    expect(schedule.weights(3, 300)).toEqual([0.9 ** 3, 0.25, 1]);
    expect(schedule.ratios).toEqual([0.9, 0.5, 1]);
  });

  it('exponential by step', () => {
    const schedule = weightSchedules.get('exponential').build(tasks, weights, { type: 'exponential', unit: 'step' });
    expect(schedule.weights(5, 0)).toEqual([1, 2, 1]);
    expect(schedule.weights(0, 2)).toEqual([0.9 ** 2, 0.5, 1]);
  });

  it('constant', () => {
    const schedule = weightSchedules
      .get('constant')
      .build(tasks, { like: { initial: 0, ratio: 1 } }, { type: 'constant' });
    expect(schedule.weights(0, 0)).toEqual([1, 1, 0]);
    expect(schedule.weights(7, 700)).toEqual([1, 1, 0]);
    expect(schedule.ratios).toEqual([1, 1, 1]);
  });

  it('a ratio that a constant schedule would ignore is an error that names it', () => {
    const build = () => weightSchedules.get('constant').build(tasks, weights, { type: 'constant' });
    expect(build).toThrow(ConfigError);
    expect(build).toThrow('loss.weights.buy.ratio');
  });

  it('an unknown task is an error with the nearest one', () => {
    const build = () =>
      weightSchedules.get('constant').build(tasks, { clik: { initial: 1, ratio: 1 } }, { type: 'constant' });
    expect(build).toThrow(ConfigError);
    expect(build).toThrow("did you mean 'click'");
  });
});

describe('a schedule that changes no balance', () => {
  const joint = { independent: false, scaleInvariant: true };

  it('is warned of for one task, independent networks, and equal ratios', () => {
    expect(weightScheduleWarning([0.9], joint)).toContain('one task');
    expect(weightScheduleWarning([0.9, 1], { ...joint, independent: true })).toContain('share no parameters');
    expect(weightScheduleWarning([0.9, 0.9], joint)).toContain('ratio 0.9');
  });

  it('is not where it changes something, or where nothing moves', () => {
    expect(weightScheduleWarning([0.9, 0.8], joint)).toBeNull();
    expect(weightScheduleWarning([0.9, 1], joint)).toBeNull();
    expect(weightScheduleWarning([1, 1], { ...joint, independent: true })).toBeNull();
    expect(weightScheduleWarning([1], joint)).toBeNull();
    expect(weightScheduleWarning([0.9, 0.9], { ...joint, scaleInvariant: false })).toBeNull();
  });
});
