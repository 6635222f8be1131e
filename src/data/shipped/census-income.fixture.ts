import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { randomFromSeed } from '../../support/random.js';

const { header, columns } = z
  .looseObject({ header: z.array(z.string()), columns: z.record(z.string(), z.string()) })
  .parse(parse(readFileSync(join(import.meta.dirname, '../../../datasets/census-income.yaml'), 'utf8')));

/** The columns of the raw files, in their order. */
export const rawColumns = header;
export const numbers = header.filter((name) => columns[name] === 'numeric');

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
    rawColumns.map((name) => {
      if (name === 'instance-weight') return `${1000 + random.below(1000)}.5`;
      if (numbers.includes(name)) return String(random.below(90));
      const texts = choices[name] ?? ['Not in universe', 'Yes', 'No'];
      return texts[random.below(texts.length)] ?? '';
    }),
  );
}

/** In the raw format: comma and space, no header. */
export function rawText(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join(', ')}\n`).join('');
}
