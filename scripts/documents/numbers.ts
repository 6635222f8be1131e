import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** What was found, for pages: the rows of all CSV files of a folder, each with the column `table`. */
export function numbersOf(folder: string): readonly Readonly<Record<string, string>>[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  return files.flatMap((name): Record<string, string>[] => parse(readFileSync(join(folder, name)), { columns: true }));
}

/**
 * A page in which each `{table/words/columns}` is replaced: words, with commas between, are cells of exactly one row of the
 * table, in its order; columns, with spaces between, are those that stand here. `interval` is `[low, high]`; a gain has its sign.
 */
export function filled(page: string, rows: ReturnType<typeof numbersOf>): string {
  return page.replace(/\{([\w-]+)\/([^{}/]+)\/([a-z ]+)\}/g, (name, table, words: string, columns: string) => {
    const [row, ...more] = rows.filter(
      (row) => row.table === table && hasInOrder(Object.values(row), words.split(', ')),
    );
    if (!row || more.length > 0)
      throw new Error(`${name} is ${row ? 'more than one row' : 'no row'} of docs/claims/*.csv`);
    const text = (column: string): string => {
      if (column === 'interval') return `[${text('low')}, ${text('high')}]`;
      if (!row[column]) throw new Error(`${name}: its row in docs/claims/*.csv has no ${column}`);
      return `${column === 'gain' && !row[column].startsWith('-') ? '+' : ''}${row[column].replace('-', '−')}`;
    };
    return columns.split(' ').map(text).join(' ');
  });
}

function hasInOrder(cells: readonly string[], words: readonly string[]): boolean {
  const left = [...words];
  for (const cell of cells) if (cell === left[0]) left.shift();
  return left.length === 0;
}
