import type { Comparison } from '../comparison/comparison.js';
import { explanations, signsInWords } from './explain.js';
import { longTable } from './gain-columns.js';
import { comparisonPoints, gainTables } from './gain-rows.js';
import type { TableColumn, TextCell } from './text-table.js';

/**
 * gains.tex: a booktabs table for each point of the axes, for `\input`, with a line for each gain. Decided gains are
 * bold. Explanations follow below the table.
 */
export function gainsLatex(comparison: Comparison): string {
  const { name, baseline, seeds } = comparison;
  const over = seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`;
  const explained = comparisonPoints(comparison).flatMap((point) => explanations(comparison, point));
  const below = [...new Set([signsInWords, ...explained])];
  const tables = gainTables(comparison).map(({ title, rows }, index) =>
    latexTable(longTable(rows), {
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
