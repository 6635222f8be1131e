import { randomFromSeed } from '../../support/random.js';
import { rawColumns } from './census-income.js';

/** A row in the raw format: comma and space, no header. */
export type RawRow = readonly string[];

const choices: Readonly<Record<string, readonly string[]>> = {
  education: ['High school graduate', 'Bachelors degree(BA AB BS)', 'Children', 'Associates degree-academic program'],
  'marital-status': ['Never married', 'Widowed', 'Divorced'],
  'major-occupation': ['Handlers equip cleaners etc ', 'Sales'],
  citizenship: ['Foreign born- Not a citizen of U S ', 'Native- Born in the United States'],
  'previous-state': ['?', 'Utah', 'Not in universe'],
  'industry-code': ['0', '4', '40'],
  income: ['- 50000.', '50000+.'],
};

/** Rows with plausible texts, for tests that must not depend on the real files. */
export function rawRows(count: number, seed: number): string[][] {
  const random = randomFromSeed(seed);
  return Array.from({ length: count }, () =>
    rawColumns.map(([name, kind]) => {
      if (kind === 'ignored') return `${1000 + random.below(1000)}.5`;
      if (kind === 'continuous') return String(random.below(90));
      const texts = choices[name] ?? ['Not in universe', 'Yes', 'No'];
      return texts[random.below(texts.length)] ?? '';
    }),
  );
}

export function rawText(rows: readonly RawRow[]): string {
  return rows.map((row) => `${row.join(', ')}\n`).join('');
}

/** The rows with one column of one row replaced. */
export function withValue(rows: readonly RawRow[], row: number, name: string, value: string): RawRow[] {
  const column = rawColumns.findIndex(([other]) => other === name);
  return rows.map((values, r) => (r === row ? values.with(column, value) : values));
}

export function textOf(row: RawRow | undefined, name: string): string {
  return row?.[rawColumns.findIndex(([other]) => other === name)] ?? '';
}
