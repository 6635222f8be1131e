import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DataError } from '../support/errors.js';
import { defineLoader } from './loader.js';
import { preparedEntry } from './prepared/prepared-entry.js';
import { preparedSource } from './prepared/prepared-source.js';
import { rawChecksum } from './prepared/raw-checksum.js';
import { type DataFile, findDataFiles } from './table-file/data-files.js';
import { drawnSource } from './table-file/drawn-source.js';
import { prepareRows, type SplitFiles } from './table-file/prepare-rows.js';
import { sharesOf } from './table-file/row-splits.js';
import { tableOptions } from './table-file/table-options.js';

/** Raise it when the same files and options make other rows. */
const version = 2;

/** A user's own files. They are read once into a prepared table, which later runs read. */
export const table = defineLoader({
  name: 'table',
  summary: 'your own CSV, TSV, Parquet or Arrow files, any number of tasks',
  options: z.strictObject({ loader: z.literal('table'), ...tableOptions }),
  paths: ['path', 'validation', 'test', 'cache'],
  async open({ loader, path, validation, test, cache, ...content }, context) {
    const options = { path, validation, test, cache, ...content };
    const shares = sharesOf(options); // fails before anything is read
    const files: (DataFile & SplitFiles[number])[] = [];
    for (const [split, patterns] of Object.entries({ train: path, validation, test } as const)) {
      if (patterns === undefined || !isSplit(split)) continue;
      for (const found of await findDataFiles([patterns].flat())) {
        const other = files.find(({ real }) => real === found.real);
        if (other) {
          const as = other.path === found.path ? '' : ` (as ${other.path})`;
          throw new DataError(`${found.path} is a file of the ${other.split} split${as} and of the ${split} split.`);
        }
        files.push({ split, ...found });
      }
    }
    const sums: string[] = [];
    const { signal } = context;
    for (const file of files)
      sums.push(`${file.split}${endingOf(file.path)} ${await rawChecksum(file.path, cache, signal)}`);
    const key = { reader: loader, version, content, sums };
    const checksum = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    const entry = await preparedEntry({ folder: cache, name: loader, key }, context, (writer) =>
      prepareRows(files, options, checksum, writer, context),
    );
    context.prepared?.(entry.path);
    const source = await preparedSource(entry, signal);
    return options.splitSeed === 'run' ? drawnSource(source, shares, context.seed) : source;
  },
});

/** Says the format, and so what the bytes mean. */
function endingOf(path: string): string {
  return /(\.[a-z]+)(\.gz)?$/i.exec(path)?.[0].toLowerCase() ?? '';
}

function isSplit(name: string): name is SplitFiles[number]['split'] {
  return name === 'train' || name === 'validation' || name === 'test';
}
