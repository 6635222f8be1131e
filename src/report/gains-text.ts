import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/text.js';
import { answers } from './answer.js';
import { explanations, legend, protocol } from './explain.js';
import { longTable, shortTable } from './gain-columns.js';
import { comparisonPoints, type GainRow, gainTables } from './gain-rows.js';
import { columnTable, wrapped } from './text-table.js';

export interface TextOptions {
  /** Green for better and red for worse. */
  readonly colour: boolean;
  /** All numbers, a line for each gain, at any width; with how to read them. */
  readonly wide: boolean;
  /** Width of the terminal. */
  readonly columns: number;
}

const families = ['models', 'contrasts', 'means'] as const;

/** The comparison for a terminal: the answer, a table for each point of the axes, and the notes. */
export function gainsText(comparison: Comparison, { colour, wide, columns }: TextOptions): string {
  const points = comparisonPoints(comparison);
  const lines = (texts: readonly string[], first = '', rest = '') =>
    [...new Set(texts)].map((text) => wrapped(text, columns, first, rest)).join('');
  const table = (rows: readonly GainRow[]) => {
    if (rows.length === 0) return '';
    return wide ? columnTable(longTable(rows), undefined, colour) : columnTable(shortTable(rows), columns, colour);
  };
  const tables = gainTables(comparison).map(({ title, rows }) => {
    const ofFamilies = families.map((family) => table(rows.filter((row) => row.family === family)));
    const heading = title === '' ? '' : wrapped(title, columns);
    return heading + joined('\n', ...ofFamilies);
  });
  return joined(
    '\n',
    lines(answers(comparison).map(({ title, answer }) => joined(' ', title === '' ? '' : `${title}:`, ...answer))),
    ...tables,
    lines(
      [
        ...(wide ? points.flatMap((point) => explanations(comparison, point)) : [legend(comparison, points)]),
        ...points.flatMap((point) => protocol(comparison, point)),
      ],
      '',
      '  ',
    ),
    lines(comparison.notes, 'note: ', '  '),
  );
}
