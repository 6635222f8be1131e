import { expect, test } from 'vitest';
import { pleHere } from './command.fixture.js';

test.each([
  [['torch'], /^ple: ple setup torch: say tensorflow or cuda\.\n$/],
  [['tensorflow', '--only', 'tfjs'], /^ple: --only goes with ple setup cuda\.\n$/],
  [['cuda', '--only', 'webgpu'], /onnxruntime, tfjs/],
  [[], /missing required argument 'what'/],
])('ple setup %j is refused in one line, before anything is looked for', async (words, message) => {
  const { status, stdout, stderr } = await pleHere(['setup', ...words]);
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
});
