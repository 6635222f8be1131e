import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { contents, type RawRow, rawRows, rawText, withValue } from './census-income.fixture.js';
import { censusIncome } from './census-income.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-education-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** All texts of the real files, and whether they are at least an associate degree. */
const texts = [
  ['Children', 0],
  ['Less than 1st grade', 0],
  ['1st 2nd 3rd or 4th grade', 0],
  ['5th or 6th grade', 0],
  ['7th and 8th grade', 0],
  ['9th grade', 0],
  ['10th grade', 0],
  ['11th grade', 0],
  ['12th grade no diploma', 0],
  ['High school graduate', 0],
  ['Some college but no degree', 0],
  ['Associates degree-occup /vocational', 1],
  ['Associates degree-academic program', 1],
  ['Bachelors degree(BA AB BS)', 1],
  ['Masters degree(MA MS MEng MEd MSW MBA)', 1],
  ['Prof school degree (MD DDS DVM LLB JD)', 1],
  ['Doctorate degree(PhD EdD)', 1],
] as const;

test('of the 17 texts of education, six are positive', async () => {
  const rows = texts.reduce<RawRow[]>(
    (made, [text], row) => withValue(made, row, 'education', text),
    rawRows(texts.length, 3),
  );
  writeFileSync(join(folder, 'census-income.data'), rawText(rows));
  writeFileSync(join(folder, 'census-income.test'), rawText(rawRows(20, 4)));
  const options = { loader: 'census-income', path: folder, cache: null, group: 2 };
  const source = await censusIncome.open(options, { seed: 0, note: () => undefined });
  const { labels } = await contents(source, 'train');
  expect(texts.map(([text], row) => [text, labels[row]?.[0]])).toEqual(texts);
});
