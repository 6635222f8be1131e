import type {
  Aggregate,
  Comparison,
  ComparisonRow,
  Contrast,
  Gain,
  TaskVerdict,
  TestedGain,
  Verdict,
} from '../../comparison/comparison.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { aggregateDigits, contrastsAt, effectInWords, intervalText, relative, signs, verdictText } from '../effects.js';
import { count, fixed, percent, probability, signed } from '../numbers.js';
import { gainOf, metricName, noGain, type Point, type PointTask, ranked } from '../points.js';
import { runsOf } from '../runs-of.js';
import { numberCell, scrolling, smallLines, sortableHead, typographic } from './cells.js';
import { type Html, html } from './html.js';

/** From the best to the worst: the order in columns and lists. */
export const verdicts: readonly string[] = [
  'better on all',
  'better on some',
  'equivalent',
  'undecided',
  'seesaw',
  'worse',
  'not trained to a plateau',
  'baseline',
] satisfies readonly Verdict[];

/**
 * All numbers at one point of the axes: a row per model and a block per task, sortable by every column. On a phone a
 * row's blocks are stacked.
 */
export function gainTable(comparison: Comparison, point: Point, runs: ReadonlyMap<string, FinishedRun>): Html {
  const { baseline } = comparison;
  const { tasks } = point;
  const table = tableOf(point);
  const label = point.title === '' ? 'Gains' : `Gains at ${point.title}`;
  const withMean = point.rows.some(({ aggregate }) => aggregate);
  const rows = [
    ...point.rows.filter((row) => row.label === baseline),
    ...ranked(point.rows.filter((row) => row.label !== baseline)),
  ];
  return scrolling(
    label,
    html`<table class="sortable stacks gains${point.tasks.length > 3 ? ' dense' : ''}">
<caption class="unseen">${label}</caption>
<thead><tr>${sortableHead('model', 'text')}${sortableHead('verdict', 'text')}${tasks.map(taskHead)}${withMean ? meanHead : null}${sortableHead('parameters', 'number', 'network')}${sortableHead('best epoch', 'number', 'of epochs')}${sortableHead('time', 'number', 'training, s')}</tr></thead>
<tbody>
${rows.map((row) => {
  const isBaseline = row.label === baseline;
  const cells = [
    nameCell(row),
    verdictCell(row.verdict, row.tasks),
    ...tasks.map((task) => taskCell(row, task, table, isBaseline)),
    ...(withMean ? [meanCell(row.aggregate, table, worstOf(row, point))] : []),
    ...costCells(row, runsOf({ runs }, row)),
  ];
  return html`<tr${isBaseline ? html` class="baseline"` : null}>${cells}</tr>
`;
})}</tbody>
</table>`,
  );
}

/** The gains of one model over another, like the table above, but each with its own reference. */
export function contrastTable(comparison: Comparison, point: Point): Html | null {
  const table = tableOf(point);
  const own = contrastsAt(comparison, point);
  if (own.length === 0) return null;
  const label = point.title === '' ? 'Contrasts' : `Contrasts at ${point.title}`;
  const withMean = own.some(({ aggregate }) => aggregate);
  const taskOf = (contrast: Contrast, { name }: PointTask): TestedGain => contrast.tasks[name] ?? noGain;
  return scrolling(
    label,
    html`<table class="sortable stacks gains${point.tasks.length > 3 ? ' dense' : ''}">
<caption class="unseen">${label}</caption>
<thead><tr>${sortableHead('model', 'text', 'against')}${sortableHead('verdict', 'text')}${point.tasks.map(taskHead)}${withMean ? meanHead : null}</tr></thead>
<tbody>
${own.map(
  (
    contrast,
  ) => html`<tr><th scope="row">${contrast.model}<small>against ${contrast.reference}</small></th>${verdictCell(contrast.verdict, contrast.tasks)}${point.tasks.map((task) => gainCell(taskOf(contrast, task), task, table, []))}${withMean ? meanCell(contrast.aggregate, table, []) : null}</tr>
`,
)}</tbody>
</table>`,
  );
}

/** What the cells of a table share. */
interface Table {
  readonly point: Point;
  /** Decimals of mean relative gains. */
  readonly digits: number;
}

function tableOf(point: Point): Table {
  return { point, digits: aggregateDigits(point) };
}

function taskHead({ name, metric, better }: PointTask): Html {
  return sortableHead(name, 'number task', `${metricName(metric)}, ${better} is better`);
}

const meanHead = sortableHead('mean gain', 'number', 'Δm, relative');

function nameCell({ label, type, runs }: ComparisonRow): Html {
  const done = runs.filter(({ status }) => status === 'done').length;
  const lines = [[type === label ? '' : type], [done === runs.length ? '' : `${done} of ${runs.length} runs`]];
  return html`<th scope="row">${label}${smallLines(lines)}</th>`;
}

/** The gain and, below it, the metric's values: at the kept epoch, and at the epoch that was best for this task. */
function taskCell(row: ComparisonRow, task: PointTask, table: Table, isBaseline: boolean): Html {
  const own = gainOf(row, task);
  const { mean: level, sd, ownBest } = own;
  const spread = sd === null ? '' : `± ${fixed(sd, task.digits)}`;
  if (isBaseline) return numberCell(level, fixed(level, task.digits), [[spread]], task.name);
  const metric = level === null ? '' : `${metricName(task.metric)} ${fixed(level, task.digits)} ${spread}`;
  const best = ownBest === null ? '' : `own best epoch ${fixed(ownBest.mean, task.digits)}`;
  return gainCell(own, task, table, [metric, best]);
}

/** The gain with its sign and size. Below it: interval, p, and how many seeds would decide. */
function gainCell(own: TestedGain, task: PointTask, table: Table, metric: readonly string[]): Html {
  const { gain, relativeGain, verdict, seedsToDecide } = own;
  if (gain === null) return numberCell(null, '-', [metric], task.name);
  const { name, digits } = task;
  const below = [
    knownOf(own, digits),
    metric,
    seedsToDecide === null ? [] : [`about ${seedsToDecide} seeds`, 'to decide'],
  ];
  const size =
    relativeGain === null
      ? null
      : html` <span class="relative">${typographic(relative(own, task, table.point))}</span>`;
  return html`<td class="number task ${verdict ?? ''}" data-value="${gain}" data-label="${name}">${sign(verdict)}<b>${typographic(signed(gain, digits))}</b>${size}${smallLines(below)}</td>`;
}

function meanCell(mean: Aggregate | null, table: Table, worst: readonly string[]): Html {
  if (mean === null || mean.gain === null) return numberCell(null, '-', [], 'mean gain');
  const { gain, verdict } = mean;
  return html`<td class="number mean ${verdict ?? ''}" data-value="${gain}" data-label="mean gain">${sign(verdict)}<b>${typographic(percent(gain, table.digits))}</b>${smallLines([knownOf(mean, table.digits), worst])}</td>`;
}

function knownOf(gain: Gain, digits: number): readonly string[] {
  return [intervalText(gain, digits), gain.pHolm === null ? '' : `p ${probability(gain.pHolm)}`];
}

function sign(verdict: TaskVerdict | null): Html | null {
  if (verdict === null) return null;
  return html`<span aria-hidden="true">${signs[verdict]} </span><span class="unseen">${verdict}: </span>`;
}

/** The task with the smallest relative gain. */
function worstOf(row: ComparisonRow, point: Point): readonly string[] {
  const gains = point.tasks.map((task) => ({ task, own: gainOf(row, task) }));
  const [worst] = gains.toSorted((a, b) => (a.own.relativeGain ?? 0) - (b.own.relativeGain ?? 0));
  return worst === undefined || gains.length < 2
    ? []
    : [`worst ${effectInWords(worst.own, worst.task, point)}:`, worst.task.name];
}

/** The model's cost: means over its finished runs. */
function costCells({ parameters, atLimit }: ComparisonRow, runs: readonly FinishedRun[]): readonly Html[] {
  const best = runs.flatMap(({ result: { bestEpoch } }) =>
    typeof bestEpoch === 'number' ? [bestEpoch] : Object.values(bestEpoch),
  );
  const trained = runs.map(({ result }) => result.epochs);
  const seconds = mean(runs.map(({ epochs }) => epochs.reduce((sum, epoch) => sum + epoch.seconds, 0)));
  const speed = mean(runs.map(({ result }) => result.throughput.samplesPerSecond));
  const network = parameters?.network ?? null;
  return [
    numberCell(
      network,
      count(network),
      [[parameters === null ? '' : `+ ${count(parameters.embedding)} embedding`]],
      'parameters',
    ),
    numberCell(
      mean(best),
      mean(best) === null ? '-' : `${tenths(mean(best))} of ${tenths(mean(trained))}`,
      [
        [range(best) === '' ? '' : `best ${range(best)}`],
        [atLimit === 0 ? '' : `${atLimit} of ${runs.length} at the limit`],
      ],
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

function verdictCell(verdict: Verdict, tasks: Readonly<Record<string, Gain>>): Html {
  const text = verdictText(verdict, tasks);
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
  worse: 'worse',
  equivalent: 'equal',
};

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function tenths(value: number | null): string {
  return value === null ? '-' : Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? `${low} to ${high}` : '';
}
