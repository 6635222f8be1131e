import { expect, test } from 'vitest';
import { float32 } from '../../support/arrays.js';
import { UserError } from '../../support/errors.js';
import { stepFailure } from './step-program.js';

const failed = new Error('ScatterND: no such key\n    at somewhere');

test('a state array above 128 MiB is named, in one line for the user', () => {
  const told = stepFailure(failed, { small: float32([2, 2]), table: float32([2 ** 22 + 1, 8]) });
  expect(told).toBeInstanceOf(UserError);
  expect(told).toMatchObject({
    message: expect.stringMatching(/^engine\.device: webgpu .*'table' has 129 MiB.*engine\.device=cpu.*no such key$/),
  });
});
