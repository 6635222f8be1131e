import type { TaskVerdict } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { type GainRow, isMean, logPoints, metricName, rowsByModel } from './gain-rows.js';
import { dash, fixed, percent, probability, rounded, short, signed } from './numbers.js';
import { filledColumns, type TableColumn, type TextCell } from './text-table.js';

/** A column of gains: files for programs have its value, tables for people its text. */
export interface GainColumn {
  readonly name: string;
  readonly value: (row: GainRow) => string | number | null | undefined;
  /** Absent: tables leave it out. */
  readonly table?: Shown;
}

interface Shown {
  readonly head: string;
  readonly kind: TableColumn['kind'];
  readonly text: (row: GainRow) => string;
  /** Of the model, not of a task. */
  readonly ofModel?: true;
}

/** All that is written of a gain. A new statistic is a field of `GainRow` and a line here. */
export const gainColumns: readonly GainColumn[] = [
  ofModel('label', 'model', ({ model }) => model.label, 'label'),
  { name: 'type', value: ({ model }) => model.type },
  { name: 'family', value: ({ family }) => family },
  {
    ...ofModel(
      'reference',
      'over',
      ({ family, reference }) => (family === 'contrasts' || family === 'means' ? (reference ?? '') : ''),
      'label',
    ),
    value: ({ reference }) => reference,
  },
  ofModel('weight', 'loss weight', ({ weight }) => weight, 'number', rounded),
  ofModel('modelVerdict', 'verdict', ({ modelVerdict }) => modelVerdict, 'text'),
  {
    name: 'task',
    value: ({ task }) => task.name,
    table: { head: 'task', kind: 'text', text: ({ task }) => task.name },
  },
  {
    name: 'metric',
    value: ({ task }) => task.metric,
    table: { head: 'metric', kind: 'text', text: ({ task }) => metricName(task.metric) },
  },
  { name: 'runs', value: ({ runs }) => runs },
  { name: 'mean', value: ({ mean }) => mean, table: number('mean ± sd', level) },
  { name: 'sd', value: ({ sd }) => sd },
  {
    name: 'gain',
    value: ({ gain }) => gain,
    table: number(
      'gain ± interval',
      ofGain((row) => joined(' ', gainText(row), sign(row))),
    ),
  },
  {
    name: 'relativeGain',
    value: ({ relativeGain }) => relativeGain,
    table: number(
      'relative',
      ofGain((row) => (isMean(row) || row.task.unit === logPoints ? '' : percent(row.relativeGain, row.percentDigits))),
    ),
  },
  { name: 'verdict', value: ({ verdict }) => verdict },
  { name: 'se', value: ({ se }) => se },
  { name: 'intervalLow', value: ({ interval }) => interval?.[0] },
  { name: 'intervalHigh', value: ({ interval }) => interval?.[1] },
  {
    name: 'simultaneousLow',
    value: ({ simultaneous }) => simultaneous?.[0],
    table: number(
      'simultaneous',
      ofGain(({ simultaneous, task }) => ends(simultaneous, task.digits)),
    ),
  },
  { name: 'simultaneousHigh', value: ({ simultaneous }) => simultaneous?.[1] },
  { name: 'p', value: ({ p }) => p },
  {
    name: 'pHolm',
    value: ({ pHolm }) => pHolm,
    table: number(
      'p (Holm)',
      ofGain(({ pHolm }) => probability(pHolm)),
    ),
  },
  {
    name: 'pEquivalent',
    value: ({ pEquivalent }) => pEquivalent,
    table: number(
      'p equivalent',
      ofGain((row) => (isMean(row) ? '' : probability(row.pEquivalent))),
    ),
  },
  { name: 'pNotInferior', value: ({ pNotInferior }) => pNotInferior },
  { name: 'margin', value: ({ margin }) => margin },
  { name: 'part', value: ({ part }) => part?.word },
  { name: 'moreDraws', value: ({ part }) => part?.moreDraws },
  { name: 'oneEpochMean', value: ({ oneEpoch }) => oneEpoch?.mean },
  { name: 'oneEpochGain', value: ({ oneEpoch }) => oneEpoch?.gain, table: number('one epoch', oneEpochText) },
  { name: 'atLimit', value: ({ atLimit }) => atLimit },
  { name: 'network', value: ({ model }) => model.parameters?.network },
  { name: 'embedding', value: ({ model }) => model.parameters?.embedding },
  { ...ofModel('parameters', 'parameters', parametersText, 'number'), value: ({ model }) => total(model) },
  { name: 'networks', value: ({ model }) => model.networks },
  { name: 'gains', value: ({ gains }) => bySeed(gains) },
];

function ofModel<Value extends string | number>(
  name: string,
  head: string,
  value: (row: GainRow) => Value | null | undefined,
  kind: TableColumn['kind'],
  text: (value: Value) => string = String,
): GainColumn {
  const shown = (row: GainRow) => {
    const found = value(row);
    return found === null || found === undefined ? '' : text(found);
  };
  return { name, value, table: { head, kind, text: shown, ofModel: true } };
}

/** `4.2k + 100 x2`: of the network and of embeddings, and how many such networks a run serves. */
function parametersText({ model: { parameters, networks } }: GainRow): string | null {
  if (parameters === null) return null;
  const { network, embedding } = parameters;
  return `${short(network)}${embedding === 0 ? '' : ` + ${short(embedding)}`}${networks === 1 ? '' : ` x${networks}`}`;
}

function total({ parameters }: GainRow['model']): number | null {
  return parameters && parameters.network + parameters.embedding;
}

function number(head: string, text: Shown['text']): Shown {
  return { head, kind: 'number', text };
}

/** Empty for the baseline, which has no gain. */
function ofGain(text: Shown['text']): Shown['text'] {
  return (row) => (row.reference === null ? '' : text(row));
}

/** `0.9513 ± 0.0002` */
function level({ mean, sd, task }: GainRow): string {
  return isMean({ task })
    ? ''
    : plusMinus(fixed(mean, task.levelDigits), sd === null ? '' : fixed(sd, task.levelDigits));
}

/** With half of the interval of this gain alone. */
function gainText(row: GainRow): string {
  const { gain, interval, task } = row;
  const half = interval === null ? '' : fixed((interval[1] - interval[0]) / 2, task.digits);
  return joined(' ', plusMinus(signed(gain, task.digits), half), isMean(row) && gain !== null ? '%' : '');
}

function plusMinus(value: string, error: string): string {
  return error === '' || value === dash ? value : `${value} ± ${error}`;
}

/** `[+0.0007, +0.0017]` */
function ends(interval: GainRow['interval'], digits: number): string {
  return interval === null ? dash : `[${interval.map((end) => signed(end, digits)).join(', ')}]`;
}

const signs: Readonly<Record<TaskVerdict, string>> = {
  ...{ better: '▲', worse: '▼', equivalent: '=', undecided: '?', 'not trained to a plateau': '…' },
};

function sign({ verdict }: GainRow): string {
  return verdict === null ? '' : signs[verdict];
}

/** The size of a gain as the field gives it: of an error in percent, of any other metric in its own unit. */
export function effect(row: GainRow): string {
  return row.task.percent === null
    ? signed(row.gain, row.task.digits)
    : percent(row.relativeGain, isMean(row) ? row.task.digits : row.percentDigits);
}

function oneEpochText({ oneEpoch, task }: GainRow): string {
  if (!oneEpoch || oneEpoch.gain === null) return '';
  return task.percent === null ? signed(oneEpoch.gain, task.digits) : percent(oneEpoch.relativeGain);
}

/** `{"1":0.0012,"2":0.0009}` */
function bySeed(gains: GainRow['gains']): string | null {
  return gains.length === 0 ? null : JSON.stringify(Object.fromEntries(gains.map(({ seed, gain }) => [seed, gain])));
}

/** All numbers: a line for each gain. */
export function longTable(rows: readonly GainRow[]): readonly TableColumn[] {
  const firsts = new Set(rowsByModel(rows).map(([first]) => first));
  return filledColumns(
    gainColumns.flatMap(({ name, table }) => {
      if (!table) return [];
      const { head, kind, text, ofModel } = table;
      const cell = (row: GainRow): TextCell => {
        if (ofModel && !firsts.has(row)) return '';
        return name === 'gain' ? withVerdict(row, text(row)) : text(row);
      };
      return [{ head, kind, cells: rows.map(cell) }];
    }),
  );
}

/** A line for each model: the size of its gain on each task; of the baseline the metric. */
export function shortTable(rows: readonly GainRow[]): readonly TableColumn[] {
  const models = rowsByModel(rows);
  const own = gainColumns.flatMap(({ table }) =>
    table?.ofModel ? [{ ...table, cells: models.map(([first]) => table.text(first)) }] : [],
  );
  const tasks = [...new Set(rows.map(({ task }) => task.name))].map((name) => ({
    ...{ head: name, kind: 'number' as const },
    cells: models.map((of): TextCell => {
      const row = of.find(({ task }) => task.name === name);
      if (!row) return '';
      if (row.reference === null)
        return joined(' ', fixed(row.mean, row.task.levelDigits), row.mean === null ? '' : metricName(row.task.metric));
      return withVerdict(row, joined(' ', effect(row), sign(row)));
    }),
  }));
  const numbers = own.findIndex(({ head }) => head === 'parameters');
  return filledColumns([...own.slice(0, numbers), ...tasks, ...own.slice(numbers)]);
}

function withVerdict({ verdict }: GainRow, text: string): TextCell {
  return verdict === 'better' || verdict === 'worse' ? { text, verdict } : text;
}
