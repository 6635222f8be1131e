import type { TaskVerdict } from '../comparison/comparison.js';
import { joined } from '../support/text.js';
import { type GainRow, isMean, logPoints, metricName, rowsByModel } from './gain-rows.js';
import { dash, fixed, percent, probability, short, signed } from './numbers.js';
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
  column('type', ({ model }) => model.type),
  field('family'),
  {
    ...ofModel(
      'reference',
      'over',
      ({ family, reference }) => (family === 'contrasts' || family === 'means' ? (reference ?? '') : ''),
      'label',
    ),
    ...field('reference'),
  },
  ofModel('modelVerdict', 'verdict', ({ modelVerdict }) => modelVerdict, 'text'),
  column('task', ({ task }) => task.name, { head: 'task', kind: 'text', text: ({ task }) => task.name }),
  column('metric', ({ task }) => task.metric, {
    ...{ head: 'metric', kind: 'text', text: ({ task }) => metricName(task.metric) },
  }),
  field('runs'),
  field('mean', number('mean ± sd', level)),
  field('sd'),
  field(
    'gain',
    ofGain('gain ± interval', (row) => joined(' ', gainText(row), sign(row))),
  ),
  field(
    'relativeGain',
    ofGain('relative', (row) =>
      isMean(row) || row.task.unit === logPoints ? '' : percent(row.relativeGain, row.percentDigits),
    ),
  ),
  field('verdict'),
  field('se'),
  column('intervalLow', ({ interval }) => interval?.[0]),
  column('intervalHigh', ({ interval }) => interval?.[1]),
  column(
    'simultaneousLow',
    ({ simultaneous }) => simultaneous?.[0],
    ofGain('simultaneous', ({ simultaneous, task }) => ends(simultaneous, task.digits)),
  ),
  column('simultaneousHigh', ({ simultaneous }) => simultaneous?.[1]),
  field('p'),
  field(
    'pHolm',
    ofGain('p (Holm)', ({ pHolm }) => probability(pHolm)),
  ),
  field(
    'pEquivalent',
    ofGain('p equivalent', (row) => (isMean(row) ? '' : probability(row.pEquivalent))),
  ),
  field('pNotInferior'),
  field('margin'),
  column('part', ({ part }) => part?.word),
  column('moreDraws', ({ part }) => part?.moreDraws),
  column('oneEpochMean', ({ oneEpoch }) => oneEpoch?.mean),
  column('oneEpochGain', ({ oneEpoch }) => oneEpoch?.gain, number('one epoch', oneEpochText)),
  field('atLimit'),
  column('network', ({ model }) => model.parameters?.network),
  column('embedding', ({ model }) => model.parameters?.embedding),
  {
    ...ofModel('parameters', 'parameters', parametersText, 'number'),
    value: ({ model: { parameters } }) => parameters && parameters.network + parameters.embedding,
  },
  column('networks', ({ model }) => model.networks),
  column('gains', ({ gains }) => bySeed(gains)),
];

/** The fields of a row that are one number or text. */
type Field = { [Key in keyof GainRow]-?: GainRow[Key] extends string | number | null ? Key : never }[keyof GainRow];

function field(name: Field, table?: Shown): GainColumn {
  return column(name, (row) => row[name], table);
}

function column(name: string, value: GainColumn['value'], table?: Shown): GainColumn {
  return { name, value, ...(table ? { table } : {}) };
}

function ofModel<Value extends string | number>(
  name: string,
  head: string,
  value: (row: GainRow) => Value | null,
  kind: TableColumn['kind'],
  text: (value: Value) => string = String,
): GainColumn {
  const shown = (row: GainRow) => {
    const content = value(row);
    return content === null ? '' : text(content);
  };
  return { name, value, table: { head, kind, text: shown, ofModel: true } };
}

/** `4.2k + 100 x2`: of the network and of embeddings, and how many such networks a run serves. */
function parametersText({ model: { parameters, networks } }: GainRow): string | null {
  if (parameters === null) return null;
  const { network, embedding } = parameters;
  return `${short(network)}${embedding === 0 ? '' : ` + ${short(embedding)}`}${networks === 1 ? '' : ` x${networks}`}`;
}

function number(head: string, text: Shown['text']): Shown {
  return { head, kind: 'number', text };
}

/** Empty for the baseline, which has no gain. */
function ofGain(head: string, text: Shown['text']): Shown {
  return number(head, (row) => (row.reference === null ? '' : text(row)));
}

/** `0.9513 ± 0.0002` */
function level({ mean, sd, task }: GainRow): string {
  if (isMean({ task })) return '';
  return plusMinus(fixed(mean, task.levelDigits), sd === null ? '' : fixed(sd, task.levelDigits));
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
  const ofModels = gainColumns.flatMap(({ table }) =>
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
  const numbers = ofModels.findIndex(({ head }) => head === 'parameters');
  return filledColumns([...ofModels.slice(0, numbers), ...tasks, ...ofModels.slice(numbers)]);
}

function withVerdict({ verdict }: GainRow, text: string): TextCell {
  return verdict === 'better' || verdict === 'worse' ? { text, verdict } : text;
}
