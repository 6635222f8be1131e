import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireColumns } from './csv-header.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-header-'));
});
afterAll(() => rm(folder, { recursive: true }));

function file(content: string | Uint8Array, packed = false) {
  const path = join(folder, packed ? 'data.csv.gz' : 'data.csv');
  writeFileSync(path, content);
  return { path, packed, bytes: content.length };
}

test.each([
  ['plain', file.bind(null, 'id,tag,x\n1,2,3\n')],
  ['with a byte-order mark, quotes, spaces and CRLF', file.bind(null, '\uFEFF"id", "tag",x\r\n1,2,3\r\n')],
  ['packed', file.bind(null, gzipSync('id,tag,x\n1,2,3\n'), true)],
])('a header that has the columns, in any order: %s', async (_, made) => {
  await expect(requireColumns(made(), ['x', 'id', 'tag'])).resolves.toBeUndefined();
});

test('the first column that is not there is named, with the nearest and with all', async () => {
  await expect(requireColumns(file('id,tags,x\ntag,y,z\n'), ['id', 'tag', 'y'])).rejects.toThrow(
    "data.csv:1: the header has no column 'tag' (did you mean 'tags'?); it has: id, tags, x. Is it the published file?",
  );
  await expect(requireColumns(file('<html>\n'), ['id'])).rejects.toThrow(
    "the header has no column 'id'; it has: <html>.",
  );
  await expect(requireColumns(file('\n\n'), ['id'])).rejects.toThrow("the header has no column 'id'");
});
