import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { file, open, rowsOf } from './table-loader.fixture.js';

const rows = Array.from({ length: 3000 }, (_, row) => `${row / 2},${row % 2}`);
/** Behind what is looked at for the types. */
const withLast = (value: string) => ['x,y', ...rows, `${value},0`, ''].join('\n');

test.each([
  ['12_34', 'data.csv', undefined],
  ['+-5', 'data.csv.gz', undefined],
  ['12_34', 'data.csv', 'utf-8'],
])('%s in %s (encoding %s) is no number', async (value, name, encoding) => {
  const text = withLast(value);
  const path = await file(name.endsWith('.gz') ? gzipSync(text) : text, name);
  const settings = { path, tasks: { y: {} }, ...(encoding === undefined ? {} : { encoding }) };
  const notes: string[] = [];
  await open(settings, notes);
  expect(notes.join()).toContain(`numbers but for 1 of 3001 values: '${value}'`);
  const failure = open({ ...settings, columns: { x: 'numeric' } });
  await expect(failure).rejects.toThrow(`:3002: column 'x' is '${value}', which is no number`);
});

test('underscores between other digits cost no number', async () => {
  const path = await file(
    withLast('7.5')
      .replace('x,y\n0,0', 'x,y,z\n0,0,id_1_2')
      .replaceAll(/(,[01])$/gm, '$1,id_1_2'),
  );
  const source = await open({ path, tasks: { y: {} }, columns: { z: 'ignored' } });
  expect(source.columns).toMatchObject([{ name: 'x', kind: 'numeric' }]);
  expect((await rowsOf(source, 'train')).length).toBeGreaterThan(2000);
});
