import type { ComparisonRow, Verdict } from '../../comparison/comparison.js';
import { mean } from '../../comparison/statistics/moments.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { GainCell, GainRow, GainTable, GainText } from '../gain-table.js';
import { type Html, html } from '../html.js';
import { count, dash, percent, signed } from '../numbers.js';
import { metricName, ranked } from '../points.js';
import { runsOf } from '../report-data.js';
import { multiplierText } from '../training.js';
import { numberCell, scrolling, smallLines, sortableHead, typographic } from './cells.js';

/** From the best to the worst: the order in columns and lists. */
export const verdicts: readonly string[] = [
  'better on all',
  'better on some',
  'equivalent',
  'undecided',
  'seesaw',
  'repaired',
  'worse',
  'not trained to a plateau',
  'baseline',
] satisfies readonly Verdict[];

/**
 * All numbers of a table: a row per model or contrast and a block per task, sortable by every column. On a phone a
 * row's blocks are stacked.
 */
export function gainTable(table: GainTable, runs: ReadonlyMap<string, FinishedRun>): Html {
  const { kind, point, hasMean } = table;
  const isContrasts = kind === 'contrasts';
  const name = isContrasts ? 'Contrasts' : 'Gains';
  const label = point.title === '' ? name : `${name} at ${point.title}`;
  const isBaseline = ({ reference }: GainRow) => reference === null;
  const rows = isContrasts
    ? table.rows
    : [...table.rows.filter(isBaseline), ...ranked(table.rows.filter((row) => !isBaseline(row)))];
  const heads = [
    sortableHead('model', 'text', isContrasts ? 'against' : ''),
    sortableHead('verdict', 'text'),
    ...point.tasks.map((task) =>
      sortableHead(task.name, 'number task', `${metricName(task.metric)}, ${task.better} is better`),
    ),
    ...(hasMean ? [sortableHead('mean gain', 'number', 'Δm, relative')] : []),
    ...(isContrasts ? [] : costHeads),
  ];
  const lines = rows.map((row) => {
    const cells = [
      nameCell(row, isContrasts),
      verdictCell(row.verdictText),
      ...row.cells.map((cell) => taskCell(cell, isContrasts)),
      ...(hasMean ? [meanCell(row)] : []),
      ...(isContrasts ? [] : costCells(row.model, runsOf({ runs }, row.model))),
    ];
    return html`<tr${isBaseline(row) ? html` class="baseline"` : null}>${cells}</tr>\n`;
  });
  return scrolling(
    label,
    html`<table class="sortable stacks gains${point.tasks.length > 3 ? ' dense' : ''}">
<caption class="unseen">${label}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table>`,
  );
}

function nameCell({ model: { label, type, runs }, reference }: GainRow, isContrast: boolean): Html {
  const done = runs.filter(({ status }) => status === 'done').length;
  const lines = isContrast
    ? [[`against ${reference}`]]
    : [[type === label ? '' : type], [done === runs.length ? '' : `${done} of ${runs.length} runs`]];
  return html`<th scope="row">${label}${smallLines(lines)}</th>`;
}

function verdictCell(text: string): Html {
  const rank = verdicts.indexOf(text);
  return html`<td data-value="${rank < 0 ? '' : rank}" data-label="verdict">${verdictChip(text)}</td>`;
}

export function verdictChip(text: string): Html {
  return html`<span class="verdict ${kinds[text] ?? 'open'}">${text}</span>`;
}

const kinds: Readonly<Record<string, string>> = {
  'better on all': 'better',
  'better on some': 'better',
  seesaw: 'worse',
  repaired: 'undecided',
  worse: 'worse',
  equivalent: 'equal',
};

/**
 * The gain with its sign and size. Below it: interval and p, the metric, and how many seeds would
 * decide. Of the baseline, the metric.
 */
function taskCell({ task, gain, text, own, level, deviation }: GainCell, isContrast: boolean): Html {
  const spread = deviation === '' ? '' : `± ${deviation}`;
  if (text === null) return numberCell(own.mean, level, [[spread]], task.name);
  const metric = own.mean === null ? '' : `${metricName(task.metric)} ${level} ${spread}`;
  const seeds = gain.seedsToDecide === null ? [] : [`about ${gain.seedsToDecide} seeds`, 'to decide'];
  const besides = [
    ...(own.oneEpoch?.gain == null
      ? []
      : [
          `one epoch ${task.percent === null ? signed(own.oneEpoch.gain, task.digits) : percent(own.oneEpoch.relativeGain)}`,
        ]),
    ...(own.multiplier ? [`rows ${multiplierText(own)}`] : []),
  ];
  const metrics = isContrast ? [] : [metric, ...besides];
  if (gain.gain === null) return numberCell(null, dash, [metrics], task.name);
  const size = gain.relativeGain === null ? null : html` <span class="relative">${typographic(text.relative)}</span>`;
  return html`<td class="number task ${text.verdict ?? ''}" data-value="${gain.gain}" data-label="${task.name}">${sign(text)}<b>${typographic(text.gain)}</b>${size}${knownOf(text)}${smallLines([metrics, seeds])}</td>`;
}

function meanCell({ aggregate, mean }: GainRow): Html {
  if (mean === null || aggregate === null || aggregate.gain === null) return numberCell(null, dash, [], 'mean gain');
  return html`<td class="number mean ${mean.verdict ?? ''}" data-value="${aggregate.gain}" data-label="mean gain">${sign(mean)}<b>${typographic(mean.relative)}</b>${knownOf(mean)}</td>`;
}

/** The interval and p: on one line, or where columns are narrow always on two. */
function knownOf({ simultaneous, p }: GainText): readonly Html[] {
  return smallLines([[simultaneous, p === dash ? '' : `p ${p}`]], html` class="known"`);
}

function sign({ sign, verdict }: GainText): Html | null {
  if (verdict === null) return null;
  return html`<span aria-hidden="true">${sign} </span><span class="unseen">${verdict}: </span>`;
}

const costHeads = [
  sortableHead('parameters', 'number', 'network'),
  sortableHead('best epoch', 'number', 'of epochs'),
  sortableHead('time', 'number', 'training, s'),
];

/** The model's cost: means over its finished runs. */
function costCells({ parameters, atLimit }: ComparisonRow, runs: readonly FinishedRun[]): readonly Html[] {
  const best = runs.flatMap(({ result: { bestEpoch } }) => Object.values(bestEpoch));
  const [low, high] = [Math.min(...best), Math.max(...best)];
  const epochs = meanOf(runs.map(({ result }) => result.epochs));
  const seconds = meanOf(runs.map((run) => run.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0)));
  const speed = meanOf(runs.map(({ result }) => result.throughput.samplesPerSecond));
  const network = parameters?.network ?? null;
  const embedding = parameters === null ? '' : `+ ${count(parameters.embedding)} embedding`;
  const epochLines = [
    [low < high ? `best ${low} to ${high}` : ''],
    [atLimit === 0 ? '' : `${atLimit} of ${runs.length} at the limit`],
  ];
  return [
    numberCell(network, count(network), [[embedding]], 'parameters'),
    numberCell(
      meanOf(best),
      best.length === 0 ? dash : `${tenths(meanOf(best))} of ${tenths(epochs)}`,
      epochLines,
      'best epoch',
    ),
    numberCell(
      seconds,
      seconds !== null && seconds >= 100 ? count(seconds) : tenths(seconds),
      [[speed === null ? '' : `${count(speed)} rows/s`]],
      'time, s',
    ),
  ];
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}

function tenths(value: number | null): string {
  if (value === null) return dash;
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
