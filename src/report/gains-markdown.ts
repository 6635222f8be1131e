import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { verdictsInWords } from './answer/verdict-in-words.js';
import { explanations } from './explanations.js';
import { type GainTable, type GainText, gainTables, pageLines, signsInWords } from './gain-table.js';
import { metricName } from './points.js';

/**
 * gains.md: the answer, then a table per point of the axes with a line per model, and one of the contrasts. Gains that
 * are better or worse are bold.
 */
export function gainsMarkdown(comparison: Comparison): string {
  const points = gainTables(comparison);
  const tables = points.map(({ point, models, contrasts }) => {
    const heading = point.title === '' ? '' : `### ${escapeMarkdown(point.title)}\n\n`;
    return `${heading}${[models, contrasts].flatMap((table) => (table ? tableOf(table) : [])).join('\n')}`;
  });
  const answers = verdictsInWords(comparison).map(({ title, answer }) =>
    escapeMarkdown(joined(' ', title === '' ? '' : `${title}:`, ...answer)),
  );
  const explained = points.flatMap((tables) => explanations(comparison, tables));
  const below = [...new Set([signsInWords, ...explained, ...comparison.notes])];
  return `${answers.join('\n\n')}\n\n${tables.join('\n')}\n${below.map((line) => `${escapeMarkdown(line)}\n`).join('\n')}`;
}

function tableOf(table: GainTable): string {
  const { kind, point, hasIntervals, hasMean } = table;
  const isContrasts = kind === 'contrasts';
  const labels = isContrasts ? ['model', 'over', 'verdict'] : ['model', 'verdict'];
  const gainHead = hasIntervals ? 'gain [simultaneous interval]' : 'gain';
  const head = [
    ...labels,
    ...point.tasks.flatMap(({ name, metric }) => {
      const task = `${escapeMarkdown(name)}: ${metricName(metric)}`;
      return [...(isContrasts ? [`${task} ${gainHead}`] : [task, gainHead]), 'p (Holm)', 'relative'];
    }),
    ...(hasMean ? ['Δm'] : []),
    ...(isContrasts ? [] : ['embedding parameters', 'network parameters']),
  ];
  const lines = pageLines(table, {
    text: escapeMarkdown,
    value: (level, deviation) => (deviation === '' ? level : `${level} ± ${deviation}`),
    gain: (text) => (text ? gainCells(text) : ['', '', '']),
    mean: ({ relative, simultaneous, sign }) => joined(' ', relative, simultaneous, sign),
  });
  const rule = head.map((_, index) => (index < labels.length ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function gainCells({ gain, verdict, simultaneous, p, relative, sign }: GainText): readonly string[] {
  const isDecided = verdict === 'better' || verdict === 'worse';
  return [
    joined(' ', isDecided ? `**${gain}**` : gain, simultaneous),
    p.replaceAll('<', '&lt;'),
    joined(' ', relative, sign),
  ];
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
