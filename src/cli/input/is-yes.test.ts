import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { isYes } from './is-yes.js';

test.each([
  ['yes\n', true],
  ['\n', false],
  ['yesterday\n', false],
])('%j', async (typed, expected) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answer = isYes('Delete? ', input, output);
  input.end(typed);
  expect(await answer).toBe(expected);
  expect(String(output.read())).toContain('Delete? ');
});
