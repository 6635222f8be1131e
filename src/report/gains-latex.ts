import type { Comparison, TaskVerdict } from '../comparison/comparison.js';
import { explanations } from './explanations.js';
import { type GainTable, type GainText, gainTables, pageLines } from './gain-table.js';
import { dash } from './numbers.js';
import { metricName } from './points.js';

/**
 * gains.tex: a booktabs table per point of the axes, and one of the contrasts, for `\input`. Gains that are better or
 * worse are bold. Explanations follow below the table.
 */
export function gainsLatex(comparison: Comparison): string {
  const { name, baseline, seeds } = comparison;
  const over = seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`;
  const tables = gainTables(comparison).flatMap((tables, index) => {
    const { point, models, contrasts } = tables;
    const label = `tab:gains${index === 0 ? '' : `-${index + 1}`}`;
    const title = point.title === '' ? name : `${name}, ${point.title}`;
    const half = (text: string) => (models.hasIntervals ? text : '');
    const caption = `${title}. Test metric (${over}) and gain over ${baseline}${half(' ± half its interval')}.`;
    const own = `${title}. Gains of one model over another${half(', each ± half its interval')}.`;
    return [
      tableOf(models, label, caption, [key, ...explanations(comparison, tables)]),
      ...(contrasts ? [tableOf(contrasts, `${label}-contrasts`, own, [key])] : []),
    ];
  });
  return `% \\usepackage{booktabs}\n${tables.join('\n')}`;
}

function tableOf(table: GainTable, label: string, caption: string, below: readonly string[]): string {
  const { kind, point, hasMean } = table;
  const isContrasts = kind === 'contrasts';
  const labels = isContrasts ? ['model', 'over', 'verdict'] : ['model', 'verdict'];
  const columns = isContrasts ? ['gain', '$p$'] : ['value', 'gain', '$p$'];
  const after = [...(hasMean ? ['$\\Delta_m$ (\\%)'] : []), ...(isContrasts ? [] : ['embedding', 'network'])];
  const head = [...labels, ...point.tasks.flatMap(() => columns), ...after];
  const above = [
    ...labels.map(() => ''),
    ...point.tasks.map(
      ({ name, metric }) => `\\multicolumn{${columns.length}}{c}{${escapeLatex(`${name} (${metricName(metric)})`)}}`,
    ),
    ...after.map(() => ''),
  ];
  const rules = point.tasks.map((_, task) => {
    const first = labels.length + 1 + task * columns.length;
    return `\\cmidrule(lr){${first}-${first + columns.length - 1}}`;
  });
  const lines = pageLines(table, {
    text: escapeLatex,
    value: (level, deviation) => mathematics(deviation === '' ? level : `${level} \\pm ${deviation}`),
    gain: (text) => (text ? [gainCell(text), mathematics(text.p)] : ['', '']),
    mean: gainCell,
  });
  return `\\begin{table}
  \\centering\\footnotesize
  \\caption{${escapeLatex(caption)}}
  \\label{${label}}
  \\begin{tabular}{${'l'.repeat(labels.length)}${'r'.repeat(head.length - labels.length)}}
    \\toprule
    ${above.join(' & ')} \\\\
    ${rules.join(' ')}
    ${head.join(' & ')} \\\\
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
};

const key = '↑ better, ↓ worse, = equivalent, ? undecided.';

function gainCell({ gain, half, verdict }: GainText): string {
  if (gain === dash) return gain;
  const shown = verdict === 'better' || verdict === 'worse' ? `\\mathbf{${gain}}` : gain;
  const error = half === '' ? '' : ` \\pm ${half}`;
  return mathematics(`${shown}${error}${verdict === null ? '' : `\\ ${signs[verdict]}`}`);
}

/** Wraps a text in math mode, where a hyphen is a minus and < is itself. A dash alone stays text. */
function mathematics(text: string): string {
  return text === dash || text === '' ? text : `$${text}$`;
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
