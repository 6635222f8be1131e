import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { writeTable } from './write-file.js';

test('a .csv keeps the bits of floats; whole numbers have no point, and NaN is an empty field', async () => {
  const path = join(temporaryFolder(), 'floats.csv');
  const powers = Array.from({ length: 277 }, (_, power) => 2 ** (power - 149));
  const sampled = fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), { numRuns: 2000, seed: 1 });
  const values = Float32Array.of(0, 3, -16_777_215, Number.NaN, 0.1, ...powers, ...powers.map((x) => -x), ...sampled);
  const columns = [
    { name: 'x', kind: 'float' as const },
    { name: 'n', kind: 'integer' as const },
  ];
  await writeTable(
    path,
    columns,
    (async function* () {
      yield { rows: values.length, columns: [values, Int32Array.from(values, (_, row) => -row)] };
    })(),
  );
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect([header, ...lines.slice(0, 5)]).toEqual(['x,n', '0,0', '3,-1', '-16777215,-2', ',-3', '0.1,-4']);
  expect(lines.map((line) => line.split(',')[1])).toEqual(lines.map((_, row) => String(-row)));
  const read = lines.map((line) => (line.startsWith(',') ? Number.NaN : Math.fround(Number(line.split(',')[0]))));
  expect(Float32Array.from(read)).toEqual(values.map((value) => value + 0));
});
