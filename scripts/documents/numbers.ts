import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { halfWidth } from '../../src/comparison/statistics/estimate-error.js';
import { partOf } from '../../src/comparison/statistics/parts.js';

type Row = Readonly<Record<string, string>>;

/** What was found, for pages: the rows of all CSV files of a folder, each with the column `table`. */
export function numbersOf(folder: string): readonly Row[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  return files.flatMap((name): Record<string, string>[] => parse(readFileSync(join(folder, name)), { columns: true }));
}

/**
 * A page with the values in `<!-- =table/words/columns -->value<!-- / -->`: words, with commas between, are cells of exactly one
 * row of the table, in its order; columns, with spaces between, are those that stand here. `interval` is `[low, high]`; a gain has
 * its sign. `table/words/word N M` is the word of a part of a claim that has N parts, where M, in the row's unit, is what counts.
 * A row that has its word needs no numbers: `table/words/word`.
 */
export function filled(page: string, rows: readonly Row[]): string {
  const value = /(?<=<!-- =([^<>]*?)((?: [\d.]+)*) -->)[^<]*(?=<!-- \/ -->)/g;
  return page.replace(value, (_, name: string, numbers: string) => {
    const [table, words = '', columns = ''] = name.split('/');
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
    if (columns !== 'word') return columns.split(' ').map(text).join(' ');
    if (numbers === '') return storedWord(row);
    const [parts = 1, margin = null] = numbers.trim().split(' ').map(Number);
    return wordOf(row, parts, margin);
  });
}

/** The word that was computed with the row, whose errors may be over test rows or over several models. */
function storedWord({ adjusted = '', model = '' }: Row): string {
  if (adjusted === 'smaller than δ') return 'none that counts';
  if (adjusted === 'not precise enough') return 'open';
  // Such a row is named by what is measured, as `ple: loss on y1`.
  const [, word] = (adjusted === 'shown' ? model : adjusted).match(/\b(gain|loss|open|none that counts)\b/) ?? [];
  if (word === undefined) throw new Error(`'${adjusted}' of ${model} is no word of a part`);
  return word;
}

/**
 * The word by the interval that holds all parts of a claim at once. A row has that of one gain alone, by Student's t over
 * draws, with rounded ends: they are taken half a unit wider.
 */
function wordOf(row: Row, parts: number, margin: number | null): string {
  const runs = Number(row.draws);
  const error = { estimated: [{ variance: 1, degreesOfFreedom: runs - 1, runs }], known: 0 };
  const times = halfWidth(0.05 / parts, error) / halfWidth(0.05, error);
  const gain = Number(row.gain);
  const unit = 10 ** -(row.low?.split('.')[1]?.length ?? 0);
  const below = gain - Number(row.low) + unit / 2;
  const above = Number(row.high) - gain + unit / 2;
  const part = partOf({ gain, simultaneous: [gain - times * below, gain + times * above], margin }, null);
  if (!part || !(times * (below + above) > 0)) throw new Error(`${JSON.stringify(row)} has no interval over draws`);
  return part.word;
}

function hasInOrder(cells: readonly string[], words: readonly string[]): boolean {
  const left = [...words];
  for (const cell of cells) if (cell === left[0]) left.shift();
  return left.length === 0;
}
