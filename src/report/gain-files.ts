import type { Comparison } from '../comparison/comparison.js';
import { joined, printable } from '../support/text.js';
import { answers } from './answer.js';
import { settingsBySeed } from './chosen-settings.js';
import { explanations, signsInWords } from './explain.js';
import { type GainColumn, gainColumns, longTable } from './gain-columns.js';
import { comparisonPoints, gainTables } from './shown-gains.js';
import type { TableColumn, TextCell } from './text-table.js';

/**
 * gains.csv (RFC 4180): a line for each gain. Numbers are unrounded, relative gains in percent, undefined values empty.
 * A text that a spreadsheet would treat as a formula gets an apostrophe in front. Control characters are replaced.
 */
export function gainsCsv(comparison: Comparison): string {
  const axes = Object.keys(comparison.axes).map(
    (key): GainColumn => ({ name: key, value: ({ point }) => axisCell(point[key]) }),
  );
  const { search } = comparison;
  const settings: readonly GainColumn[] = search?.crossFit
    ? [{ name: 'settings', value: (gain) => settingsBySeed(gain, search) }]
    : [];
  const columns = [...axes, ...gainColumns, ...settings];
  const rows = gainTables(comparison)
    .flatMap(({ gains }) => gains)
    .map((row) => columns.map(({ value }) => value(row)));
  return csvOf([columns.map(({ name }) => name), ...rows]);
}

export function csvOf(lines: readonly (readonly ReturnType<GainColumn['value']>[])[]): string {
  return lines.map((cells) => `${cells.map(toField).join(',')}\r\n`).join('');
}

/** A value of an axis. One that is neither a text nor a number is written as JSON. */
function axisCell(value: unknown): ReturnType<GainColumn['value']> {
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}

function toField(cell: ReturnType<GainColumn['value']>): string {
  if (cell == null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = printable(/^[=+\-@\p{Cc}]/u.test(cell) ? `'${cell}` : cell);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** gains.md: the answer, then a table for each point of the axes with a line for each gain. Decided gains are bold. */
export function gainsMarkdown(comparison: Comparison): string {
  const points = comparisonPoints(comparison);
  const tables = gainTables(comparison).map(({ title, gains }) => {
    const heading = title === '' ? '' : `### ${escapeMarkdown(title)}\n\n`;
    return heading + markdownTable(longTable(gains));
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

/**
 * gains.tex: a booktabs table for each point of the axes, for `\input`, with a line for each gain. Decided gains are
 * bold. Explanations follow below the table.
 */
export function gainsLatex(comparison: Comparison): string {
  const { name, baseline, seeds } = comparison;
  const over = seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`;
  const explained = comparisonPoints(comparison).flatMap((point) => explanations(comparison, point));
  const below = [...new Set([signsInWords, ...explained])];
  const tables = gainTables(comparison).map(({ title, gains }, index) =>
    latexTable(longTable(gains), {
      label: `tab:gains${index === 0 ? '' : `-${index + 1}`}`,
      caption: `${title === '' ? name : `${name}, ${title}`}. Test metric (${over}) and gain over ${baseline} (± half its interval).`,
      below,
    }),
  );
  return `% \\usepackage{booktabs,graphicx}\n${tables.join('\n')}`;
}

interface Around {
  readonly label: string;
  readonly caption: string;
  readonly below: readonly string[];
}

function latexTable(columns: readonly TableColumn[], { label, caption, below }: Around): string {
  const lines = (columns[0]?.cells ?? []).map((_, row) => columns.map(({ cells }) => latexCell(cells[row] ?? '')));
  return `\\begin{table}
  \\centering\\footnotesize
  \\caption{${escapeLatex(caption)}}
  \\label{${label}}
  \\resizebox{\\linewidth}{!}{%
  \\begin{tabular}{${columns.map(({ kind }) => (kind === 'number' ? 'r' : 'l')).join('')}}
    \\toprule
    ${columns.map(({ head }) => escapeLatex(head)).join(' & ')} \\\\
    \\midrule
${lines.map((cells) => `    ${cells.join(' & ')} \\\\\n`).join('')}    \\bottomrule
  \\end{tabular}}
  \\par\\smallskip
  \\begin{minipage}{\\linewidth}
${below.map((line) => `    ${escapeLatex(line)}\n`).join('')}  \\end{minipage}
\\end{table}
`;
}

function latexCell(cell: TextCell): string {
  return typeof cell === 'object' ? `\\textbf{${escapeLatex(cell.text)}}` : escapeLatex(String(cell));
}

const specials: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '{\\char34}',
  '±': '$\\pm$',
  Δ: '$\\Delta$',
  '▲': '$\\uparrow$',
  '▼': '$\\downarrow$',
  '…': '\\ldots{}',
};

/** Escapes a text, on one line. The hyphen of a negative number is a minus. */
function escapeLatex(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\~^<>|"±Δ▲▼…{}$&#%_]/g, (character) => specials[character] ?? `\\${character}`)
    .replace(/(^|[[ ])-(?=\d)/g, '$1$-$');
}
