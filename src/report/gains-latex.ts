import type { Aggregate, Comparison, ComparisonRow, Gain, TaskVerdict, TestedGain } from '../comparison/comparison.js';
import { aggregateDigits, contrastsAt, verdictText } from './effects.js';
import { explanations, hasIntervals } from './explanations.js';
import { count, dash, fixed, probability, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';

/**
 * gains.tex: a booktabs table per point of the axes, and one of the contrasts, for `\input`. Gains that are better or
 * worse are bold. Explanations follow below the table.
 */
export function gainsLatex(comparison: Comparison): string {
  const tables = pointsOf(comparison).flatMap((point, index) => {
    const label = `tab:gains${index === 0 ? '' : `-${index + 1}`}`;
    return [gainTable(comparison, point, label), ...contrastTable(comparison, point, `${label}-contrasts`)];
  });
  return `% \\usepackage{booktabs}\n${tables.join('\n')}`;
}

function gainTable(comparison: Comparison, point: Point, label: string): string {
  const { baseline } = comparison;
  const { tasks, rows } = point;
  const withIntervals = hasIntervals(point);
  const withMean = rows.some(({ aggregate }) => aggregate !== null);
  const lines = rows.map((row) => [
    ...[escapeLatex(row.label), verdictText(row.verdict, row.tasks)],
    ...tasks.flatMap((task) => [
      meanOf(row, task),
      ...(row.label === baseline ? ['', ''] : gainCells(gainOf(row, task), task)),
    ]),
    ...(withMean ? [aggregateCell(row.aggregate, point)] : []),
    ...[count(row.parameters?.embedding ?? null), count(row.parameters?.network ?? null)],
  ]);
  return tableOf({
    caption: `${titleOf(comparison, point)}. Test metric (${seedsOf(comparison)}) and gain over ${baseline}${withIntervals ? ' ± half its interval' : ''}.`,
    label,
    texts: 2,
    groups: tasks.map((task) => ({ title: titleOfTask(task), columns: 3 })),
    head: [
      ...['model', 'verdict'],
      ...tasks.flatMap(() => ['value', 'gain', '$p$']),
      ...(withMean ? ['$\\Delta_m$ (\\%)'] : []),
      ...['embedding', 'network'],
    ],
    lines,
    below: [key, ...explanations(comparison, point)],
  });
}

function contrastTable(comparison: Comparison, point: Point, label: string): readonly string[] {
  const contrasts = contrastsAt(comparison, point);
  if (contrasts.length === 0) return [];
  const withIntervals = hasIntervals(point);
  const withMean = contrasts.some(({ aggregate }) => aggregate !== null);
  const table = tableOf({
    caption: `${titleOf(comparison, point)}. Gains of one model over another${withIntervals ? ', each ± half its interval' : ''}.`,
    label,
    texts: 3,
    groups: point.tasks.map((task) => ({ title: titleOfTask(task), columns: 2 })),
    head: [
      ...['model', 'over', 'verdict'],
      ...point.tasks.flatMap(() => ['gain', '$p$']),
      ...(withMean ? ['$\\Delta_m$ (\\%)'] : []),
    ],
    lines: contrasts.map(({ model, reference, verdict, tasks, aggregate }) => [
      ...[escapeLatex(model), escapeLatex(reference), verdictText(verdict, tasks)],
      ...point.tasks.flatMap((task) => gainCells(tasks[task.name], task)),
      ...(withMean ? [aggregateCell(aggregate, point)] : []),
    ]),
    below: [key],
  });
  return [table];
}

interface LatexTable {
  readonly caption: string;
  readonly label: string;
  /** Number of leading text columns. All others are numbers. */
  readonly texts: number;
  /** Heads that span several columns, after those of texts. */
  readonly groups: readonly { readonly title: string; readonly columns: number }[];
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
  readonly below: readonly string[];
}

function tableOf({ caption, label, texts, groups, head, lines, below }: LatexTable): string {
  const grouped = groups.reduce((sum, { columns }) => sum + columns, 0);
  const rules = groups.map(({ columns }, index) => {
    const first = texts + 1 + groups.slice(0, index).reduce((sum, group) => sum + group.columns, 0);
    return `\\cmidrule(lr){${first}-${first + columns - 1}}`;
  });
  const above = [
    ...Array.from({ length: texts }, () => ''),
    ...groups.map(({ title, columns }) => `\\multicolumn{${columns}}{c}{${escapeLatex(title)}}`),
    ...Array.from({ length: head.length - texts - grouped }, () => ''),
  ];
  return `\\begin{table}
  \\centering\\footnotesize
  \\caption{${escapeLatex(caption)}}
  \\label{${label}}
  \\begin{tabular}{${'l'.repeat(texts)}${'r'.repeat(head.length - texts)}}
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

function titleOf({ name }: Comparison, { title }: Point): string {
  return title === '' ? name : `${name}, ${title}`;
}

function titleOfTask({ name, metric }: PointTask): string {
  return `${name} (${metricName(metric)})`;
}

function seedsOf({ seeds }: Comparison): string {
  return seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`;
}

function meanOf(row: ComparisonRow, task: PointTask): string {
  const { mean, sd } = gainOf(row, task);
  return mathematics(
    sd === null ? fixed(mean, task.digits) : `${fixed(mean, task.digits)} \\pm ${fixed(sd, task.digits)}`,
  );
}

function gainCells(gain: TestedGain | undefined, task: PointTask): readonly string[] {
  if (!gain) return ['', ''];
  return [
    withSign(signed(gain.gain, task.digits), halfOf(gain, task.digits), gain.verdict),
    mathematics(probability(gain.pHolm)),
  ];
}

function aggregateCell(gain: Aggregate | null, point: Point): string {
  if (gain === null) return '';
  const digits = aggregateDigits(point);
  return withSign(signed(gain.gain, digits), halfOf(gain, digits), gain.verdict);
}

const signs: Readonly<Record<TaskVerdict, string>> = {
  better: '\\uparrow',
  worse: '\\downarrow',
  equivalent: '=',
  undecided: '?',
};

const key = '↑ better, ↓ worse, = equivalent, ? undecided.';

function halfOf({ interval }: Gain, digits: number): string {
  return interval === null ? '' : `\\pm ${fixed((interval[1] - interval[0]) / 2, digits)}`;
}

function withSign(number: string, half: string, verdict: TaskVerdict | null): string {
  if (number === dash) return number;
  const shown = verdict === 'better' || verdict === 'worse' ? `\\mathbf{${number}}` : number;
  return mathematics(`${shown} ${half}`.trim() + (verdict === null ? '' : `\\ ${signs[verdict]}`));
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
