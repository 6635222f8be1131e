import { expect, test } from 'vitest';
import { contentOf, longFile } from './same-bits.fixture.js';

test('lists, days and every way to split have the same bits with any number of threads', async () => {
  const path = longFile('user,x,few,tags,y,day', (i) =>
    [`u${(i * 7919) % 4001},${Math.sin(i)},${i % 12}`, `t${i % 5}|t${i % 7}`, Number(i % 3 === 0)]
      .concat(`2024-0${1 + (i % 9)}-11`)
      .join(),
  );
  const options = { tasks: { y: {} }, columns: { tags: { kind: 'list' } } };
  const one = await contentOf(path, options, 1);
  for (const threads of [3, 8]) expect(await contentOf(path, options, threads)).toBe(one);
  expect(await contentOf(path, { ...options, splitSeed: 1 }, 2)).not.toBe(one);
  for (const split of [
    { fraction: { test: 0.2 }, stratify: ['y', 'few'] },
    { fraction: { test: 0.2 }, group: 'user' },
    { time: 'day' },
  ])
    expect(await contentOf(path, { ...options, split }, 1)).toBe(await contentOf(path, { ...options, split }, 5));
});
