import { expect, test } from 'vitest';
import { contentOf, longFile } from './same-bits.fixture.js';

test('the same data, options and seed give the same bits with any number of threads', async () => {
  const path = longFile('user,x,y', (i) => `u${(i * 7919) % 4001},${i / 8},${Number(i % 3 === 0)}`);
  const options = { tasks: { y: {} } };
  expect(await contentOf(path, options, 3)).toBe(await contentOf(path, options, 1));
});
