import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { verdictsInWords } from './answer/verdict-in-words.js';
import { column, gainColumns, plusMinus, sizeColumns } from './columns.js';
import { explanations } from './explanations.js';
import { type GainTable, isDecided } from './gain-table.js';
import { comparisonPoints } from './points.js';
import { say } from './sentences.js';
import { metricName, type PointTask } from './task-gains.js';

/**
 * gains.md: the answer, then a table per point of the axes with a line per model, and one of the contrasts. Gains that
 * are better or worse are bold.
 */
export function gainsMarkdown(comparison: Comparison): string {
  const points = comparisonPoints(comparison);
  const tables = points.map(({ title, models, contrasts }) => {
    const heading = title === '' ? '' : `### ${escapeMarkdown(title)}\n\n`;
    return `${heading}${[models, contrasts].flatMap((table) => (table ? markdownTable(table) : [])).join('\n')}`;
  });
  const answers = verdictsInWords(comparison).map(({ title, answer }) =>
    escapeMarkdown(joined(' ', title === '' ? '' : `${title}:`, ...answer)),
  );
  const explained = points.flatMap((point) => explanations(comparison, point));
  const below = [...new Set([say('signs'), ...explained, ...comparison.notes])];
  return `${answers.join('\n\n')}\n\n${tables.join('\n')}\n${below.map((line) => `${escapeMarkdown(line)}\n`).join('\n')}`;
}

function markdownTable(table: GainTable): string {
  const isContrasts = table.kind === 'contrasts';
  const taskHead = ({ name, metric }: PointTask) => `${escapeMarkdown(name)}: ${metricName(metric)}`;
  const gainHead = table.hasIntervals ? 'gain [simultaneous interval]' : 'gain';
  const columns = gainColumns(table, {
    text: escapeMarkdown,
    value: (task) => column(taskHead(task), 'number', ({ level, deviation }) => plusMinus(level, deviation)),
    gains: (task) => [
      column(isContrasts ? `${taskHead(task)} ${gainHead}` : gainHead, 'number', ({ gain, simultaneous, verdict }) =>
        joined(' ', isDecided(verdict) ? `**${gain}**` : gain, simultaneous),
      ),
      column('p (Holm)', 'number', ({ p }) => p.replaceAll('<', '&lt;')),
      column('relative', 'number', ({ relative, sign }) => joined(' ', relative, sign)),
    ],
    mean: column('Δm', 'number', ({ relative, simultaneous, sign }) => joined(' ', relative, simultaneous, sign)),
    own: sizeColumns('embedding parameters', 'network parameters'),
  });
  const rule = columns.map(({ kind }) => (kind === 'number' ? '---:' : '---'));
  const lines = table.rows.map((row, index) => columns.map(({ cell }) => cell(row, index)));
  return [columns.map(({ head }) => head), rule, ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
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
