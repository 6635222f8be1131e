import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../support/errors.js';
import { makeFolder } from '../../support/make-folder.js';
import { writeWhole } from '../../support/whole-file.js';
import { type Source, splitNames } from '../dataset.js';
import { fileLiteral, literal, literals, sqlReason, withDatabase } from '../store/database.js';
import { splitRows, splitRowTypes } from './split-rows.js';

const typeNames = { category: 'VARCHAR', class: 'VARCHAR', number: 'FLOAT', row: 'BIGINT' } as const;

/**
 * Writes train.parquet, validation.parquet and test.parquet, for other programs. The columns are those of `splitRows`,
 * without `split`: text and 32-bit numbers. NULL is a missing number, and a label outside its task's sample space; a
 * missing category is an empty text.
 * @param tasks Indexes of the source's tasks.
 * @param onRows Called with the number of rows that are done. Throws to stop.
 */
export async function writeSplits(
  source: Source,
  tasks: readonly number[],
  folder: string,
  onRows: (done: number) => void,
): Promise<void> {
  makeFolder(folder);
  const file = join(folder, 'rows.csv');
  await writeWhole(file, splitRows(source, tasks, onRows));
  const types = await splitRowTypes(source, tasks);
  const columns = types.map(([name, type]) => `${literal(name)}: '${typeNames[type]}'`);
  const kept = types.flatMap(([name, type]) => (type === 'category' ? [name] : []));
  const dialect = `auto_detect = false, parallel = false, header = true, delim = ',', quote = '"', escape = '"', new_line = '\\n', max_line_size = 268435456`;
  const rows = `read_csv(${fileLiteral(file)}, columns = {${columns.join(', ')}}, force_not_null = [${literals(kept)}], ${dialect})`;
  await withDatabase(async (database) => {
    for (const split of splitNames) {
      const path = join(folder, `${split}.parquet`);
      const own = `SELECT * EXCLUDE (split) FROM ${rows} WHERE split = ${literal(split)}`;
      await database.run(`COPY (${own}) TO ${literal(path)} (FORMAT parquet)`);
    }
  }).catch((error: unknown) => {
    throw new UserError(`The rows cannot be written to ${folder}: ${sqlReason(error)}.`);
  });
  await rm(file);
}
