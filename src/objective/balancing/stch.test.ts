import { expect, test } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import { stch } from './stch.js';

test('an ideal loss of a task that is not there is refused', () => {
  const tasks = ['click', 'buy'].map((name) => ({ name, type: 'binary' }));
  const build = () => stch.build({ tasks, stepsPerEpoch: 1 }, { type: 'stch', ideal: { clik: 0.3 } });
  expect(build).toThrow(ConfigError);
  expect(build).toThrow("loss.balancing.ideal: no such task 'clik' (did you mean 'click'?); there are: click, buy.");
});
