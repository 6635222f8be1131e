import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { answers } from './answer.js';
import { explanations, signsInWords } from './explain.js';
import { longTable } from './gain-columns.js';
import { comparisonPoints, gainTables } from './gain-rows.js';
import type { TableColumn, TextCell } from './text-table.js';

/** gains.md: the answer, then a table for each point of the axes with a line for each gain. Decided gains are bold. */
export function gainsMarkdown(comparison: Comparison): string {
  const points = comparisonPoints(comparison);
  const tables = gainTables(comparison).map(({ title, rows }) => {
    const heading = title === '' ? '' : `### ${escapeMarkdown(title)}\n\n`;
    return heading + markdownTable(longTable(rows));
  });
  const said = answers(comparison).map(({ title, answer }) =>
    escapeMarkdown(joined(' ', title === '' ? '' : `${title}:`, ...answer)),
  );
  const explained = points.flatMap((point) => explanations(comparison, point));
  const below = [...new Set([signsInWords, ...explained, ...comparison.notes])];
  return `${said.join('\n\n')}\n\n${tables.join('\n')}\n${below.map((line) => `${escapeMarkdown(line)}\n`).join('\n')}`;
}

function markdownTable(columns: readonly TableColumn[]): string {
  const rule = columns.map(({ kind }) => (kind === 'number' ? '---:' : '---'));
  const lines = (columns[0]?.cells ?? []).map((_, row) => columns.map(({ cells }) => markdownCell(cells[row] ?? '')));
  return [columns.map(({ head }) => escapeMarkdown(head)), rule, ...lines]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

function markdownCell(cell: TextCell): string {
  return typeof cell === 'object' ? `**${escapeMarkdown(cell.text)}**` : escapeMarkdown(String(cell));
}

/** Escapes a text for a cell or a paragraph, on one line. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]|~$!#]/g, '\\$&');
}
