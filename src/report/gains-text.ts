import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/text.js';
import { answers } from './answer.js';
import { explanations, legend, protocol } from './explain.js';
import { longTable, shortTable } from './gain-columns.js';
import { comparisonPoints, gainTables, type ShownGain } from './shown-gains.js';
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
  const table = (gains: readonly ShownGain[]) => {
    if (gains.length === 0) return '';
    return wide ? columnTable(longTable(gains), undefined, colour) : columnTable(shortTable(gains), columns, colour);
  };
  const tables = gainTables(comparison).map(({ title, gains }) => {
    const ofFamilies = families.map((family) => table(gains.filter((gain) => gain.family === family)));
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
