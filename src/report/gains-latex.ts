import type { Comparison, TaskVerdict } from '../comparison/comparison.js';
import { column, gainColumns, plusMinus, sizeColumns } from './columns.js';
import { explanations } from './explanations.js';
import { type GainTable, type GainText, isDecided } from './gain-table.js';
import { dash } from './numbers.js';
import { comparisonPoints } from './points.js';
import { metricName } from './task-gains.js';

/**
 * gains.tex: a booktabs table per point of the axes, and one of the contrasts, for `\input`. Gains that are better or
 * worse are bold. Explanations follow below the table.
 */
export function gainsLatex(comparison: Comparison): string {
  const { name, baseline, seeds } = comparison;
  const over = seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`;
  const tables = comparisonPoints(comparison).flatMap((point, index) => {
    const { models, contrasts } = point;
    const label = `tab:gains${index === 0 ? '' : `-${index + 1}`}`;
    const title = point.title === '' ? name : `${name}, ${point.title}`;
    const half = (text: string) => (models.hasIntervals ? text : '');
    const caption = `${title}. Test metric (${over}) and gain over ${baseline}${half(' ± half its interval')}.`;
    const own = `${title}. Gains of one model over another${half(', each ± half its interval')}.`;
    return [
      latexTable(models, label, caption, [key, ...explanations(comparison, point)]),
      ...(contrasts ? [latexTable(contrasts, `${label}-contrasts`, own, [key])] : []),
    ];
  });
  return `% \\usepackage{booktabs}\n${tables.join('\n')}`;
}

function latexTable(table: GainTable, label: string, caption: string, below: readonly string[]): string {
  const columns = gainColumns(table, {
    text: escapeLatex,
    value: () => column('value', 'number', ({ level, deviation }) => mathematics(plusMinus(level, deviation))),
    gains: () => [column('gain', 'number', gainCell), column('$p$', 'number', ({ p }) => mathematics(p))],
    mean: column('$\\Delta_m$ (\\%)', 'number', gainCell),
    own: sizeColumns('embedding', 'network'),
  });
  const blocks = table.tasks.map((task) => {
    const own = columns.flatMap((one, index) => (one.task === task ? [index + 1] : []));
    return { task, from: Math.min(...own), to: Math.max(...own) };
  });
  const above = columns.flatMap(({ task }, index) => {
    const block = blocks.find((one) => one.task === task);
    if (!block) return [''];
    if (block.from !== index + 1) return [];
    const words = escapeLatex(`${block.task.name} (${metricName(block.task.metric)})`);
    return [`\\multicolumn{${block.to - block.from + 1}}{c}{${words}}`];
  });
  const rules = blocks.map(({ from, to }) => `\\cmidrule(lr){${from}-${to}}`);
  const lines = table.rows.map((row, index) => columns.map(({ cell }) => cell(row, index)));
  return `\\begin{table}
  \\centering\\footnotesize
  \\caption{${escapeLatex(caption)}}
  \\label{${label}}
  \\begin{tabular}{${columns.map(({ kind }) => (kind === 'number' ? 'r' : 'l')).join('')}}
    \\toprule
    ${above.join(' & ')} \\\\
    ${rules.join(' ')}
    ${columns.map(({ head }) => head).join(' & ')} \\\\
    \\midrule
${lines.map((cells) => `    ${cells.join(' & ')} \\\\\n`).join('')}    \\bottomrule
  \\end{tabular}
  \\par\\smallskip
  \\begin{minipage}{\\linewidth}
${below.map((line) => `    ${escapeLatex(line)}\n`).join('')}  \\end{minipage}
\\end{table}
`;
}

const signs: Readonly<Record<TaskVerdict, string>> = {
  better: '\\uparrow',
  worse: '\\downarrow',
  equivalent: '=',
  undecided: '?',
  'not trained to a plateau': '\\ldots',
};

const key = '↑ better, ↓ worse, = equivalent, ? undecided, … not trained to a plateau.';

function gainCell({ gain, half, verdict }: GainText): string {
  if (gain === dash) return gain;
  const shown = isDecided(verdict) ? `\\mathbf{${gain}}` : gain;
  return mathematics(`${plusMinus(shown, half)}${verdict === null ? '' : `\\ ${signs[verdict]}`}`);
}

/** Wraps a text in math mode, where a hyphen is a minus and < is itself. A dash alone stays text. */
function mathematics(text: string): string {
  return text === dash || text === '' ? text : `$${text.replace('±', '\\pm')}$`;
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
  '↑': '$\\uparrow$',
  '↓': '$\\downarrow$',
};

/** Escapes a text, on one line. */
function escapeLatex(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\~^<>|"±Δ↑↓{}$&#%_]/g, (character) => specials[character] ?? `\\${character}`);
}
