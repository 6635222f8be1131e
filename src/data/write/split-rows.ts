import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../support/errors.js';
import { makeFolder, writeWhole } from '../../support/files.js';
import { asSingle, type Source, type SourceBlock, type SplitName, splitNames } from '../dataset.js';
import { fileLiteral, literal, literals, sqlReason, withDatabase } from '../store/database.js';

/** Rows of one piece of the file. */
const pieceRows = 1024;

/** What is in a column, as the type of DuckDB that holds it. `class`: empty where there is none. */
const types = { category: 'VARCHAR', class: 'VARCHAR', number: 'FLOAT', row: 'BIGINT' } as const;

/** A column of the file, and the texts of a block's rows. */
interface Column {
  readonly name: string;
  readonly type: keyof typeof types;
  readonly texts: (block: SourceBlock, split: SplitName, numbers: Int32Array | undefined) => (row: number) => string;
}

/**
 * A source's rows as a CSV for other programs: those of training, of validation, and those of the test split in the
 * order of predictions. The columns are `split`, `row` (for files: the row's number in them, one file after the other,
 * from 0) and `weight` (if rows have weights). Each task has `<type>.<task>`, the label, empty outside the task's
 * sample space. Each input but lists has `category.<name>` or `number.<name>`. A missing number is empty. Numbers read
 * back as the same 32 bits.
 * @param tasks Indexes of the source's tasks.
 * @param onRows Called with the number of rows that are done. Throws to stop.
 */
export async function* splitRows(
  source: Source,
  tasks: readonly number[],
  onRows: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const columns = await writtenColumns(source, tasks);
  yield Buffer.from(textLine(columns.map(({ name }) => name)));
  let done = 0;
  for (const name of splitNames) {
    const { rows, blockRows, read, numbers } = source.splits[name];
    for (let b = 0; b * blockRows < rows; b++) {
      const numbered = await numbers?.(b);
      const block = await read(b);
      const texts = columns.map((column) => column.texts(block, name, numbered));
      for (let first = 0; first < block.rows; first += pieceRows) {
        const count = Math.min(pieceRows, block.rows - first);
        const lines = Array.from({ length: count }, (_, i) => textLine(texts.map((text) => text(first + i))));
        yield Buffer.from(lines.join(''));
        done += count;
        onRows(done);
      }
    }
  }
}

/**
 * Writes train.parquet, validation.parquet and test.parquet, for other programs. The columns are those of `splitRows`,
 * without `split`: text and 32-bit numbers. NULL is a missing number, and a label outside its task's sample space; a
 * missing category is an empty text.
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
  const columns = await writtenColumns(source, tasks);
  const typed = columns.map(({ name, type }) => `${literal(name)}: '${types[type]}'`).join(', ');
  const kept = literals(columns.flatMap(({ name, type }) => (type === 'category' ? [name] : [])));
  const dialect = `auto_detect = false, parallel = false, header = true, delim = ',', quote = '"', escape = '"', new_line = '\\n', max_line_size = 268435456`;
  const rows = `read_csv(${fileLiteral(file)}, columns = {${typed}}, force_not_null = [${kept}], ${dialect})`;
  await withDatabase(async (database) => {
    for (const split of splitNames) {
      const own = `SELECT * EXCLUDE (split) FROM ${rows} WHERE split = ${literal(split)}`;
      await database.run(`COPY (${own}) TO ${literal(join(folder, `${split}.parquet`))} (FORMAT parquet)`);
    }
  }).catch((error: unknown) => {
    throw new UserError(`The rows cannot be written to ${folder}: ${sqlReason(error)}.`);
  });
  await rm(file);
}

async function writtenColumns(source: Source, tasks: readonly number[]): Promise<readonly Column[]> {
  const { splits, columns } = source;
  const isWeighted = (await splits.train.read(0)).weights !== undefined;
  const split: Column = { name: 'split', type: 'category', texts: (_, split) => () => split };
  const row: Column = { name: 'row', type: 'row', texts: (_, __, numbers) => (row) => String(numbers?.[row]) };
  const weight: Column = { name: 'weight', type: 'number', texts: ({ weights }) => valueTexts(weights) };
  const labels = source.tasks.map(({ name, type, classes }, t): Column => {
    const texts: Column['texts'] = ({ labels }) => valueTexts(labels[t], classes);
    return { name: `${type}.${name}`, type: classes ? 'class' : 'number', texts };
  });
  const inputs = columns.map(({ kind, name, dictionary }, c): Column => {
    const type = kind === 'numeric' ? 'number' : 'category';
    const texts: Column['texts'] = ({ columns }) => valueTexts(columns[c] && asSingle(columns[c]), dictionary);
    return { name: `${type}.${name}`, type, texts };
  });
  return [
    ...[split, ...(splits.train.numbers ? [row] : []), ...(isWeighted ? [weight] : [])],
    ...labels.filter((_, t) => tasks.includes(t)),
    ...inputs.filter((_, c) => columns[c]?.kind !== 'list'),
  ];
}

/** @param words What indexes stand for. Absent: the values are numbers. */
function valueTexts(values: Int32Array | Float32Array | undefined, words?: readonly string[]) {
  return (row: number): string => {
    const value = values?.[row] ?? Number.NaN;
    if (Number.isNaN(value)) return '';
    if (words) return words[value] ?? '';
    const short = Number(value.toPrecision(7));
    return String(Math.fround(short) === value ? short : value);
  };
}

function textLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(',')}\n`;
}
