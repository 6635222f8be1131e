import { expect, test } from 'vitest';
import { file, open } from './table-loader.fixture.js';

test('12_34 is no number, also behind what is looked at for the types', async () => {
  const rows = Array.from({ length: 3000 }, (_, row) => `${row / 2},${row % 2}`);
  const settings = { path: await file(['x,y', ...rows, '12_34,0', ''].join('\n')), tasks: { y: {} } };
  const notes: string[] = [];
  await open(settings, notes);
  expect(notes.join()).toContain("numbers but for 1 of 3001 values: '12_34'");
  const failure = open({ ...settings, columns: { x: 'numeric' } });
  await expect(failure).rejects.toThrow(":3002: column 'x' is '12_34', which is no number");
});
