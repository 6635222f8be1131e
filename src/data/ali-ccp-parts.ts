import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../support/errors.js';
import { makeFolder } from '../support/make-folder.js';
import { partialPath } from '../support/partial-path.js';
import { fieldsOf, userField } from './ali-ccp-fields.js';
import { LineCursor } from './ali-ccp-line.js';
import { FilePass, type OnBytes } from './ali-ccp-pass.js';
import { fingerprint, type RawFiles } from './ali-ccp-raw.js';
import { KeyIndex, KeyIndexWriter } from './key-index.js';
import type { PreparedEntry } from './prepared/open-prepared.js';
import type { PreparedColumn } from './prepared/prepared-columns.js';
import { type EntryContext, type EntryWriter, preparedEntry } from './prepared/prepared-entry.js';
import { type RawFile, readRawFile } from './raw-file.js';
import { wholeLines } from './whole-lines.js';

/** Raise it when the same files become other tables. */
const readerVersion = 1;
/** Rows of a block. A row of common features is some thousand bytes, and blocks of them are read for the sake of single rows. */
const blockRows = { users: 2 ** 14, common: 32, samples: 4096 } as const;

export type Side = 'common' | 'skeleton';
export const sideSplits = ['train', 'test'] as const;
export type FileSplit = (typeof sideSplits)[number];

/** Everything that decides the prepared tables of each part, as JSON. */
export type PartKeys = Readonly<Record<Side, Readonly<Record<FileSplit, unknown>>>>;

export async function partKeys({ common, skeleton }: RawFiles): Promise<PartKeys> {
  const key = async (...files: RawFile[]) => ({ readerVersion, files: await Promise.all(files.map(fingerprint)) });
  return {
    // a test file's ids come after those of training; samples name common rows by number
    common: { train: await key(common.train), test: await key(common.train, common.test) },
    skeleton: {
      train: await key(common.train, skeleton.train),
      test: await key(skeleton.train, common.test, skeleton.test),
    },
  };
}

type Make = (writer: EntryWriter) => Promise<unknown>;

/** The prepared tables of one raw file. */
export function openPart(
  side: Side,
  split: FileSplit,
  { folder, keys }: { readonly folder: string; readonly keys: PartKeys },
  context: EntryContext,
  make: Make,
): Promise<PreparedEntry> {
  return preparedEntry({ folder, name: `ali-ccp-${side}-${split}`, key: keys[side][split] }, context, make);
}

/** Bytes on disk that `prepareSide` reads: the common features once more, for their indexes. */
export function bytesOf(side: Side, split: FileSplit, { common, skeleton }: RawFiles): number {
  return common[split].bytes + (side === 'skeleton' ? skeleton[split].bytes : 0);
}

/** Reads the files of one side, the training file first; what is prepared already is left as it is. */
export async function prepareSide(
  side: Side,
  files: RawFiles,
  options: { readonly folder: string; readonly keys: PartKeys } & Pick<EntryContext, 'compareUpTo'>,
  onBytes: OnBytes,
): Promise<void> {
  let before: PreparedEntry | undefined;
  let done = 0;
  for (const split of sideSplits) {
    const told: OnBytes = (bytes) => onBytes(done + bytes);
    const context = { note: () => undefined, compareUpTo: options.compareUpTo };
    before = await openPart(side, split, options, context, (writer) =>
      side === 'common'
        ? readCommon(writer, files.common[split], before, told)
        : readSkeleton(writer, files.skeleton[split], files.common[split], options.folder, before, told),
    );
    done += bytesOf(side, split, files);
    onBytes(done);
  }
}

function columnsOf(side: Side): PreparedColumn[] {
  return fieldsOf(side).map(({ name, kind }) =>
    kind === 'single' ? { name, kind: 'int32' } : { name, kind: 'list', weighted: true },
  );
}

/** Tables `users`, the field that tells users apart, and `features`, all fields; row r of both is the file's row r. */
async function readCommon(writer: EntryWriter, file: RawFile, before: PreparedEntry | undefined, onBytes: OnBytes) {
  const pass = await FilePass.after(file, fieldsOf('common'), blockRows.common, before);
  const users = await writer.table('users', [{ name: userField, kind: 'int32' }], blockRows.users);
  const features = await writer.table('features', columnsOf('common'), blockRows.common);
  const userPlace = pass.columns.findIndex(({ field }) => field.name === userField);
  const description = await pass.read(
    (cursor) => {
      cursor.key();
      return true;
    },
    async (rows) => {
      const columns = pass.columns.map(({ values }) => values);
      await users.append({ rows, columns: columns.slice(userPlace, userPlace + 1) });
      await features.append({ rows, columns });
    },
    onBytes,
  );
  await pass.writeIds(writer);
  return description;
}

/** Tables `samples`, each sample's common row and labels, and `features`, its fields. Conversions without a click are left out. */
async function readSkeleton(
  writer: EntryWriter,
  file: RawFile,
  common: RawFile,
  folder: string,
  before: PreparedEntry | undefined,
  onBytes: OnBytes,
) {
  const pass = await FilePass.after(file, fieldsOf('skeleton'), blockRows.samples, before);
  const path = partialPath(join(folder, 'ali-ccp-keys'));
  try {
    await indexKeys(common, path, onBytes);
    const index = new KeyIndex(join(path, 'index'));
    const labels = ['click', 'conversion'].map((name): PreparedColumn => ({ name, kind: 'uint8' }));
    const samples = await writer.table('samples', [{ name: 'common', kind: 'int32' }, ...labels], blockRows.samples);
    const features = await writer.table('features', columnsOf('skeleton'), blockRows.samples);
    const numbers = new Int32Array(blockRows.samples);
    const [clicks, conversions] = [new Uint8Array(blockRows.samples), new Uint8Array(blockRows.samples)];
    let [high, low, number] = [-1, -1, -1]; // of the sample before, whose common features this one probably shares
    try {
      const description = await pass.read(
        (cursor, row) => {
          cursor.count();
          const [click, conversion] = [cursor.label('click'), cursor.label('conversion')];
          cursor.key();
          if (click === 0 && conversion === 1) return false;
          if (cursor.high !== high || cursor.low !== low) {
            [high, low] = [cursor.high, cursor.low];
            number = index.find(high, low);
            if (number < 0) cursor.fail(`${common.path} has no row for the index of its common features.`);
          }
          numbers[row] = number;
          clicks[row] = click;
          conversions[row] = conversion;
          return true;
        },
        async (rows) => {
          await samples.append({ rows, columns: [numbers, clicks, conversions] });
          await features.append({ rows, columns: pass.columns.map(({ values }) => values) });
        },
        (bytes) => onBytes(common.bytes + bytes),
      );
      await pass.writeIds(writer);
      return description;
    } finally {
      index.close();
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Writes the rows' keys to an index on disk, `<folder>/index`. */
async function indexKeys(file: RawFile, folder: string, onBytes: OnBytes): Promise<void> {
  makeFolder(folder);
  const writer = new KeyIndexWriter(join(folder, 'index'));
  const cursor = new LineCursor(file.path);
  try {
    for await (const bytes of wholeLines(file.path, readRawFile(file, onBytes))) {
      cursor.start(bytes);
      while (cursor.next()) {
        if (cursor.at === cursor.end) continue;
        cursor.key();
        writer.add(cursor.high, cursor.low);
      }
    }
    const twice = writer.finish();
    if (twice !== undefined) throw new DataError(`${file.path}: row ${twice + 1} has the index of a row before it.`);
  } finally {
    writer.abandon();
  }
}
