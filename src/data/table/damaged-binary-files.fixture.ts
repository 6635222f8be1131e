import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Field, Int32, List, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, onTestFinished } from 'vitest';
import { DataError } from '../../support/errors.js';
import { randomFromSeed } from '../../support/random.js';
import { numbersOf, withDatabase } from '../store/database.js';
import { openArrow } from './arrow-rows.js';
import { openTableFile } from './row-file.js';
import { stageRows } from './staged-rows.js';

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ple-damaged-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const numbers = Array.from({ length: 300 }, (_, row) => Math.sin(row));
const words = Array.from({ length: 300 }, (_, row) => `word ${row % 17}`);

const wholes: Readonly<Record<string, () => Uint8Array>> = {
  'data.parquet': () =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'x', data: numbers, type: 'DOUBLE' },
          { name: 'word', data: words, type: 'STRING' },
        ],
      }),
    ),
  'data.arrow': () => tableToIPC(new Table({ x: vectorFromArray(numbers), word: vectorFromArray(words) }), 'file'),
  'data.arrows': () => tableToIPC(new Table({ x: vectorFromArray(numbers), word: vectorFromArray(words) }), 'stream'),
};

export const binaryFiles = Object.keys(wholes);

/** So many damaged ones of a file are read, or refused with the file and a reason. */
export async function expectReadOrRefused(name: string, count: number): Promise<void> {
  const random = randomFromSeed(5);
  const whole = wholes[name]?.() ?? new Uint8Array();
  const path = join(await ownFolder(), name);
  const wrong: string[] = [];
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const own = random.stream(String(i));
    const at = own.below(whole.length);
    const flipped = whole.map((byte, b) => (b === at ? byte ^ (1 << own.below(8)) : byte));
    await writeFile(path, i % 3 === 0 ? whole.subarray(0, at) : flipped);
    try {
      await withDatabase(async (database) => {
        const file = await openTableFile(path, { delimiter: undefined, quote: null, header: true });
        const names = new Set(file.names.filter((name) => !file.unsupported.has(name)));
        await stageRows(database, [{ split: 'train', file }], names, () => false, []);
        const [rows = 0] = await numbersOf(database, ['count(*)'], 'staged');
        if (rows > 300) throw new Error('rows');
      });
    } catch (error) {
      refused++;
      if (error instanceof DataError && error.message.includes(path) && !error.message.includes('\n')) continue;
      wrong.push(error instanceof Error ? `${at}: ${error.stack}` : String(error));
    }
  }
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(count / 4);
}

/** Reading ends, whatever so many damaged lengths and offsets of an Arrow file are. */
export async function expectAnEnd(format: 'file' | 'stream', count: number): Promise<void> {
  const type = new List(new Field('item', new Int32(), true));
  const lists = vectorFromArray(
    numbers.map((_, row) => Array.from({ length: row % 4 }, (_, index) => index)),
    type,
  );
  const columns = {
    x: vectorFromArray(numbers),
    word: vectorFromArray(words),
    text: vectorFromArray(words, new Utf8()),
  };
  const whole = tableToIPC(new Table({ ...columns, lists }), format);
  const random = randomFromSeed(6).stream(format);
  const extremes = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 4, -4, 2 ** 28, 8, 64];
  const path = join(await ownFolder(), 'offsets.arrow');
  const wrong: string[] = [];
  for (let i = 0; i < count; i++) {
    const near = random.below(i % 3 === 0 ? whole.length - 8 : 1500); // in metadata: at the beginning and the end
    const at = 4 * Math.floor((i % 3 === 2 ? whole.length - 8 - near : near) / 4);
    const bytes = Buffer.from(whole);
    bytes.writeInt32LE(extremes[random.below(extremes.length)] ?? 0, at);
    await writeFile(path, bytes);
    try {
      const file = await openArrow(path, bytes.length);
      let rows = 0;
      for await (const { records } of file.read(new Set(file.names))) rows += records.length;
      if (rows > 300) wrong.push(`${at}: ${rows} rows`);
    } catch (error) {
      if (error instanceof DataError && error.message.includes(path)) continue;
      wrong.push(`${at}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  expect(wrong).toEqual([]);
}
