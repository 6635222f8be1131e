import { expect, test } from 'vitest';
import { contentOf, longFile } from './same-bits.fixture.js';

test('the same data, options and seed give the same bits with any number of threads', async () => {
  const path = longFile('user,x,y', (i) => `u${(i * 7919) % 4001},${i / 8},${Number(i % 3 === 0)}`);
  const options = { tasks: { y: {} } };
  const one = await contentOf(path, options, 1);
  for (const threads of [2, 8]) expect(await contentOf(path, options, threads)).toBe(one);
});
