import type { ComparisonRow, Verdict } from '../../comparison/comparison.js';
import { mean } from '../../comparison/statistics/moments.js';
import { hasTask } from '../../comparison/stored/entry.js';
import { groupedBy } from '../../support/grouped-by.js';
import { joined } from '../../support/joined.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { servedFiles } from '../../training/folder/run-manifest.js';
import { type GainCell, type GainRow, type GainTable, type GainText, oneEpochSize } from '../gain-table.js';
import { type Html, html } from '../html.js';
import { count, dash } from '../numbers.js';
import { type ReportedRun, rowRuns } from '../report-data.js';
import { metricName, ranked } from '../task-gains.js';
import { type HtmlCell, type HtmlColumn, htmlTable, smallLines, typographic } from './html-table.js';

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
export function gainsHtml(table: GainTable, title: string, runs: ReadonlyMap<string, FinishedRun>): Html {
  const { kind, tasks, hasMean } = table;
  const isContrasts = kind === 'contrasts';
  const name = isContrasts ? 'Contrasts' : 'Gains';
  const isBaseline = ({ reference }: GainRow) => reference === null;
  const rows = isContrasts
    ? table.rows
    : [...table.rows.filter(isBaseline), ...ranked(table.rows.filter((row) => !isBaseline(row)))];
  const columns: HtmlColumn<GainRow>[] = [
    { head: 'model', kind: 'label', note: isContrasts ? 'against' : '', cell: (row) => nameCell(row, isContrasts) },
    { head: 'verdict', kind: 'text', cell: ({ verdictText }) => verdictCell(verdictText) },
    ...tasks.map((task, index) => ({
      ...{ head: task.name, kind: 'number' as const, task },
      note: `${metricName(task.metric)}, ${task.better} is better`,
      cell: ({ cells }: GainRow) => (cells[index] ? taskCell(cells[index], isContrasts) : dash),
    })),
    ...(hasMean ? [{ head: 'mean gain', kind: 'number' as const, note: 'Δm, relative', cell: meanCell }] : []),
    ...(isContrasts ? [] : costColumns(runs)),
  ];
  const classes = `gains${tasks.length > 3 ? ' dense' : ''}`;
  const rowClass = (row: GainRow) => (isBaseline(row) ? 'baseline' : '');
  return htmlTable(title === '' ? name : `${name} at ${title}`, columns, rows, { classes, rowClass });
}

function nameCell({ model: { label, type, runs }, reference }: GainRow, isContrast: boolean): HtmlCell {
  if (isContrast) return { content: html`${label}`, below: [[`against ${reference}`]] };
  const done = runs.filter(({ status }) => status === 'done').length;
  const missing = done === runs.length ? '' : `${done} of ${runs.length} runs`;
  return { content: html`${label}`, below: [[type === label ? '' : type], [missing]] };
}

function verdictCell(text: string): HtmlCell {
  const rank = verdicts.indexOf(text);
  return { content: verdictChip(text), value: rank < 0 ? null : rank };
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
 * The gain with its sign and size. Below it: interval and p, and the metric. Of the baseline, the metric.
 */
function taskCell({ task, gain, text, own, level, deviation }: GainCell, isContrast: boolean): HtmlCell {
  const spread = deviation === '' ? '' : `± ${deviation}`;
  if (text === null) return { value: own.mean, content: level, below: [[spread]] };
  const metric = own.mean === null ? '' : `${metricName(task.metric)} ${level} ${spread}`;
  const oneEpoch = oneEpochSize(own.oneEpoch, task);
  const metrics = isContrast ? [] : [metric, oneEpoch === '' ? '' : `one epoch ${oneEpoch}`];
  if (gain.gain === null) return { value: null, content: dash, below: [metrics] };
  const size = gain.relativeGain === null ? null : html` <span class="relative">${typographic(text.relative)}</span>`;
  const content = html`${signed(text, text.gain)}${size}${known(text)}`;
  return { value: gain.gain, classes: text.verdict ?? '', content, below: [metrics] };
}

function meanCell({ aggregate, mean }: GainRow): HtmlCell {
  if (mean === null || aggregate === null || aggregate.gain === null) return { value: null, content: dash };
  const content = html`${signed(mean, mean.relative)}${known(mean)}`;
  return { value: aggregate.gain, classes: joined(' ', 'mean', mean.verdict ?? ''), content };
}

/** The interval and p: on one line, or where columns are narrow always on two. */
function known({ simultaneous, p }: GainText): readonly Html[] {
  return smallLines([[simultaneous, p === dash ? '' : `p ${p}`]], 'known');
}

/** A size after its sign, which is read as the verdict. */
function signed({ sign, verdict }: GainText, size: string): Html {
  const read = verdict && html`<span aria-hidden="true">${sign} </span><span class="unseen">${verdict}: </span>`;
  return html`${read}<b>${typographic(size)}</b>`;
}

/** The model's cost: means over its seeds, of each all runs. */
function costColumns(all: ReadonlyMap<string, FinishedRun>): readonly HtmlColumn<GainRow>[] {
  const cost = (
    head: string,
    note: string,
    cell: (model: ComparisonRow, seeds: readonly (readonly ReportedRun[])[]) => HtmlCell,
  ) => ({
    ...{ head, note, kind: 'number' as const },
    cell: ({ model }: GainRow) =>
      cell(
        model,
        groupedBy(rowRuns({ runs: all }, model), ({ result }) => result.seed),
      ),
  });
  return [
    cost('parameters', 'network', ({ parameters }) => {
      const value = parameters?.network ?? null;
      const embedding = parameters === null ? '' : `+ ${count(parameters.embedding)} embedding`;
      return { value, content: count(value), below: [[embedding]] };
    }),
    cost('best epoch', 'of epochs', ({ atLimit }, seeds) => {
      const best = seeds
        .flat()
        .flatMap((run) =>
          Object.entries(run.result.bestEpoch).flatMap(([task, epoch]) => (hasTask(run, task) ? [epoch] : [])),
        );
      const [low, high] = [Math.min(...best), Math.max(...best)];
      const networks = seeds.flat().map(({ result }) => servedFiles(result).length);
      const [fewest, most] = [Math.min(...networks), Math.max(...networks)];
      const epochs = meanOrNull(seeds.map((own) => Math.max(...own.map(({ result }) => result.epochs))));
      const limit = atLimit === 0 ? '' : `${atLimit} of ${seeds.length} at the limit`;
      return {
        value: meanOrNull(best),
        content: best.length === 0 ? dash : `${tenths(meanOrNull(best))} of ${tenths(epochs)}`,
        below: [
          [low < high ? `best ${low} to ${high}` : ''],
          [most > 1 ? `serves ${fewest < most ? `${fewest} to ` : ''}${most} networks` : ''],
          [limit],
        ],
      };
    }),
    {
      ...cost('time', 'training, s', (_, seeds) => {
        const epochs = seeds.map((own) => own.flatMap((run) => run.epochs));
        const value = meanOrNull(epochs.map((own) => own.reduce((sum, { seconds }) => sum + seconds, 0)));
        const speed = meanOrNull(seeds.flat().map(({ result }) => result.throughput.samplesPerSecond));
        const content = value !== null && value >= 100 ? count(value) : tenths(value);
        return { value, content, below: [[speed === null ? '' : `${count(speed)} rows/s`]] };
      }),
      label: 'time, s',
    },
  ];
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values);
}

function tenths(value: number | null): string {
  if (value === null) return dash;
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
