import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { DataError } from '../support/errors.js';
import { incomeTexts, rawColumns } from './census-income-columns.js';
import { type RawFile, readRawFile } from './raw-file.js';
import { ContinuousBuilder, maximumCategories, NominalBuilder, type Table } from './table.js';

/** Reads one raw file, row by row, into columns. Fails with a `DataError` that names the file and the line. */
export async function readCensusFile(file: RawFile, onBytes: (bytes: number) => void): Promise<Table> {
  const hash = createHash('sha256');
  const rows = rowReader(file.path);
  const parser = parse({
    delimiter: ', ', // one space exactly: two categories end in a space, none begins with one
    quote: null,
    escape: null,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true, // counted below, with the line's number
    on_record: (record: string[]) => {
      rows.push(record);
      return null;
    },
  });
  async function* unpacked() {
    for await (const chunk of readRawFile(file, onBytes)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  parser.resume();
  await pipeline(Readable.from(unpacked()), parser);
  return rows.finish(hash.digest('hex'));
}

function rowReader(path: string) {
  const columns = rawColumns.map(([name, kind]) => ({
    name,
    nominal: kind === 'nominal' ? new NominalBuilder() : undefined,
    continuous: kind === 'continuous' ? new ContinuousBuilder() : undefined,
  }));
  const label = rawColumns.findIndex(([name]) => name === 'income');
  let line = 0;

  function fail(message: string): never {
    throw new DataError(`${path}:${line}: ${message}`);
  }

  return {
    push(record: readonly string[]): void {
      line++;
      if (record.length !== columns.length) {
        fail(`this row has ${record.length} columns, not ${columns.length}. Is it the publisher's file, and whole?`);
      }
      const income = record[label] ?? '';
      if (!incomeTexts.includes(income)) {
        fail(`the income is '${income}', which is neither '${incomeTexts.join("' nor '")}'.`);
      }
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c];
        const text = record[c] ?? '';
        if (column?.nominal) {
          if (column.nominal.push(text) >= maximumCategories) fail(`${column.name} has too many different values.`);
        } else if (column?.continuous) {
          const value = Number(text);
          if (text.trim() === '' || !Number.isFinite(value)) fail(`${column.name} is '${text}', which is no number.`);
          column.continuous.push(value);
        }
      }
    },
    finish(checksum: string): Table {
      if (line === 0) throw new DataError(`${path} is empty.`);
      return {
        rows: line,
        checksum,
        columns: columns.flatMap(({ name, nominal, continuous }) => {
          const column = nominal?.finish(name) ?? continuous?.finish(name);
          return column ? [column] : [];
        }),
      };
    },
  };
}
