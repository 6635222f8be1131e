import type { Comparison, ComparisonRow } from '../comparison/comparison.js';
import { explanations, hasIntervals } from './explanations.js';
import { count, dash, fixed, probability, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';

/** gains.tex: a booktabs table per point of the axes, for `\input`; gains beyond noise are bold, the caption says how to read it. */
export function gainsLatex(comparison: Comparison): string {
  const tables = pointsOf(comparison).map((point, index) => tableOf(comparison, point, index));
  return `% \\usepackage{booktabs}\n${tables.join('\n')}`;
}

function tableOf(comparison: Comparison, point: Point, index: number): string {
  const { tasks, overTasks } = point;
  const withMean = point.rows.some(({ meanGain }) => meanGain !== null);
  const caption = [
    `${point.title === '' ? comparison.name : `${comparison.name}, ${point.title}`}.`,
    `Test metric (${seedsOf(comparison)}) and gain${hasIntervals(point) ? ' with its 95 % interval' : ''}.`,
    ...explanations(comparison, point),
  ];
  const above = tasks.map(
    ({ name, metric }) => `\\multicolumn{3}{c}{${escapeLatex(`${name} (${metricName(metric)})`)}}`,
  );
  const rules = tasks.map((_, task) => `\\cmidrule(lr){${3 + 3 * task}-${5 + 3 * task}}`);
  const head = [
    'model',
    'parameters',
    ...tasks.flatMap(() => ['value', 'gain', '$p$']),
    ...(withMean ? [overTasks.name] : []),
    'verdict',
  ];
  const rows = point.rows.map((row) => [
    escapeLatex(row.label),
    count(row.parameters?.network ?? null),
    ...tasks.flatMap((task) => taskCells(row, task, row.label === comparison.baseline)),
    ...(withMean ? [mathematics(signed(row.meanGain, overTasks.digits))] : []),
    row.label === comparison.baseline ? 'baseline' : (row.verdict ?? dash),
  ]);
  return `\\begin{table}
  \\centering
  \\caption{${escapeLatex(caption.join(' '))}}
  \\label{tab:gains${index === 0 ? '' : `-${index + 1}`}}
  \\begin{tabular}{lr${'rrr'.repeat(tasks.length)}${withMean ? 'r' : ''}l}
    \\toprule
    & & ${above.join(' & ')} &${withMean ? ' &' : ''} \\\\
    ${rules.join(' ')}
    ${head.join(' & ')} \\\\
    \\midrule
${rows.map((cells) => `    ${cells.join(' & ')} \\\\\n`).join('')}    \\bottomrule
  \\end{tabular}
\\end{table}
`;
}

function seedsOf({ seeds }: Comparison): string {
  return seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`;
}

function taskCells(row: ComparisonRow, task: PointTask, isBaseline: boolean): string[] {
  const { mean, sd, gain, interval, pHolm, verdict } = gainOf(row, task);
  const { digits } = task;
  const value = sd === null ? fixed(mean, digits) : `${fixed(mean, digits)} \\pm ${fixed(sd, digits)}`;
  if (isBaseline) return [mathematics(value), '', ''];
  const number = signed(gain, digits);
  const shown = verdict === 'better' || verdict === 'worse' ? `\\mathbf{${number}}` : number;
  const range = interval === null ? '' : `\\ [${interval.map((end) => signed(end, digits)).join(', ')}]`;
  return [value, `${shown}${range}`, probability(pHolm)].map(mathematics);
}

/** In mathematics, where a hyphen is a minus and < is itself. A dash alone stays text. */
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
};

/** A text as text, on one line. */
function escapeLatex(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\~^<>|"±{}$&#%_]/g, (character) => specials[character] ?? `\\${character}`);
}
