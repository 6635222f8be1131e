import { expect, test } from 'vitest';
import { file, open, rowsOf } from './table-loader.fixture.js';

const ids = Array.from({ length: 100 }, (_, row) => 2n ** 53n + BigInt(row));
const lines = ids.map((id, row) => `${id},${row % 2}`).join('\n');
const json = `${lines.replaceAll(/^(.*),(.*)$/gm, '{"id": $1, "y": $2}')}\n`;

test.each<[string, () => Promise<string>]>([
  ['CSV', () => file(`id,y\n${lines}\n`)],
  ['JSON', () => file(json, 'data.jsonl')],
])('whole numbers beyond 2^53 are categories, each its own: %s', async (_, path) => {
  const source = await open({ path: await path(), tasks: { y: {} } });
  expect(source.columns).toMatchObject([{ name: 'id', kind: 'categorical' }]);
  const own = new Set((await rowsOf(source, 'train')).map(({ id }) => id));
  expect(own.size).toBeGreaterThan(60);
});
