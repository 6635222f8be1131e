import type { TaskVerdict } from '../comparison/comparison.js';
import { joined } from '../support/text.js';
import { dash, percent, probability, short, signed, withDecimals } from './numbers.js';
import { gainsByModel, logPoints, metricName, type ShownGain } from './shown-gains.js';
import { filledColumns, type TableColumn, type TextCell } from './text-table.js';

/** A column of gains: files for programs have its value, tables for people its text. */
export interface GainColumn {
  readonly name: string;
  readonly value: (row: ShownGain) => string | number | null | undefined;
  /** Absent: tables leave it out. */
  readonly table?: Shown;
}

interface Shown {
  readonly head: string;
  readonly kind: TableColumn['kind'];
  readonly text: (row: ShownGain) => string;
  /** It says something of the model, not of a task. */
  readonly ofModel?: true;
}

/** All that is written of a gain. A new statistic is a field of `Gain`, set in
 * `gain-rows.ts` and `means-over-points.ts`, and a line here: files, the report and `--wide` show it, the short table does
 * not. */
export const gainColumns: readonly GainColumn[] = [
  ofModel('label', 'model', ({ model }) => model, 'label'),
  column('type', ({ entry }) => entry.type),
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
  column('task', ({ about }) => about.name, { head: 'task', kind: 'text', text: ({ about }) => about.name }),
  column('metric', ({ metric }) => metric ?? '', {
    head: 'metric',
    kind: 'text',
    text: ({ metric }) => metricName(metric ?? ''),
  }),
  field('runs'),
  column('mean', ({ value }) => value, number('mean ± sd', level)),
  field('sd'),
  field(
    'gain',
    ofGain('gain ± interval', (row) => joined(' ', gainText(row), sign(row))),
  ),
  field(
    'relativeGain',
    ofGain('relative', (row) =>
      row.metric === null || row.about.unit === logPoints ? '' : percent(row.relativeGain, row.percentDigits),
    ),
  ),
  field('verdict'),
  field('se'),
  column('intervalLow', ({ low }) => low),
  column('intervalHigh', ({ high }) => high),
  column(
    'simultaneousLow',
    ({ simultaneous }) => simultaneous?.[0],
    ofGain('simultaneous', ({ simultaneous, about }) => ends(simultaneous, about.digits)),
  ),
  column('simultaneousHigh', ({ simultaneous }) => simultaneous?.[1]),
  field('p'),
  field(
    'pHolm',
    ofGain('p (Holm)', ({ pHolm }) => probability(pHolm)),
  ),
  field(
    'pEquivalent',
    ofGain('p equivalent', (row) => (row.metric === null ? '' : probability(row.pEquivalent))),
  ),
  field('pNotInferior'),
  field('margin'),
  field('part'),
  field('moreDraws'),
  column('oneEpochMean', ({ oneEpoch }) => oneEpoch?.value),
  column('oneEpochGain', ({ oneEpoch }) => oneEpoch?.gain, number('one epoch', oneEpochText)),
  column('together', ({ together }) => together?.value, number('together', togetherText)),
  column('togetherSe', ({ together }) => together?.se),
  field('atLimit'),
  column('network', ({ entry }) => entry.parameters?.network),
  column('embedding', ({ entry }) => entry.parameters?.embedding),
  {
    ...ofModel('parameters', 'parameters', parametersText, 'number'),
    value: ({ entry: { parameters } }) => parameters && parameters.network + parameters.embedding,
  },
  column('networks', ({ entry }) => entry.networks),
  column('gains', ({ bySeed }) => seedsText(bySeed)),
];

/** The fields of a row that are one number or text. */
type Field = {
  [Key in keyof ShownGain]-?: ShownGain[Key] extends string | number | null ? Key : never;
}[keyof ShownGain];

function field(name: Field, table?: Shown): GainColumn {
  return column(name, (row) => row[name], table);
}

function column(name: string, value: GainColumn['value'], table?: Shown): GainColumn {
  return { name, value, ...(table ? { table } : {}) };
}

function ofModel<Value extends string | number>(
  name: string,
  head: string,
  value: (row: ShownGain) => Value | null,
  kind: TableColumn['kind'],
  text: (value: Value) => string = String,
): GainColumn {
  const shown = (row: ShownGain) => {
    const content = value(row);
    return content === null ? '' : text(content);
  };
  return { name, value, table: { head, kind, text: shown, ofModel: true } };
}

/** `4.2k x2`: with embeddings, and how many such networks a run serves. */
function parametersText({ entry: { parameters, networks } }: ShownGain): string | null {
  if (parameters === null) return null;
  return `${short(parameters.network + parameters.embedding)}${networks === 1 ? '' : ` x${networks}`}`;
}

function number(head: string, text: Shown['text']): Shown {
  return { head, kind: 'number', text };
}

/** Empty for the baseline, which has no gain. */
function ofGain(head: string, text: Shown['text']): Shown {
  return number(head, (row) => (row.reference === null ? '' : text(row)));
}

/** `0.9513 ± 0.0002` */
function level({ metric, value, sd, about }: ShownGain): string {
  if (metric === null) return '';
  return plusMinus(withDecimals(value, about.levelDigits), sd === null ? '' : withDecimals(sd, about.levelDigits));
}

/** With half of the interval of this gain alone. */
function gainText({ gain, low, high, metric, about }: ShownGain): string {
  const half = low === null || high === null ? '' : withDecimals((high - low) / 2, about.digits);
  return joined(' ', plusMinus(signed(gain, about.digits), half), metric === null && gain !== null ? '%' : '');
}

function plusMinus(value: string, error: string): string {
  return error === '' || value === dash ? value : `${value} ± ${error}`;
}

/** `[+0.0007, +0.0017]` */
function ends(interval: ShownGain['simultaneous'], digits: number): string {
  return interval === null ? dash : `[${interval.map((end) => signed(end, digits)).join(', ')}]`;
}

const signs: Readonly<Record<TaskVerdict, string>> = {
  ...{ better: '▲', worse: '▼', equivalent: '=', undecided: '?', 'not trained to a plateau': '…' },
};

function sign({ verdict }: ShownGain): string {
  return verdict === null ? '' : signs[verdict];
}

/** The size of a gain as the field gives it: of an error in percent, of any other metric in its own unit. */
export function effect(row: ShownGain): string {
  const { about, gain, relativeGain } = row;
  return about.percent === null ? signed(gain, about.digits) : percent(relativeGain, row.percentDigits);
}

/** With the error over test rows. */
function togetherText({ together, about }: ShownGain): string {
  if (!together) return '';
  const { value, se } = together;
  return plusMinus(withDecimals(value, about.levelDigits), se === null ? '' : withDecimals(se, about.levelDigits));
}

function oneEpochText({ oneEpoch, about }: ShownGain): string {
  if (!oneEpoch || oneEpoch.gain === null) return '';
  return about.percent === null ? signed(oneEpoch.gain, about.digits) : percent(oneEpoch.relativeGain);
}

/** `{"1":0.0012,"2":0.0009}` */
function seedsText(gains: ShownGain['bySeed']): string | null {
  return gains.length === 0 ? null : JSON.stringify(Object.fromEntries(gains.map(({ seed, gain }) => [seed, gain])));
}

/** All numbers: a line for each gain. */
export function longTable(rows: readonly ShownGain[]): readonly TableColumn[] {
  const firsts = new Set(gainsByModel(rows).map(([first]) => first));
  return filledColumns(
    gainColumns.flatMap(({ name, table }) => {
      if (!table) return [];
      const { head, kind, text, ofModel } = table;
      const cell = (row: ShownGain): TextCell => {
        if (ofModel && !firsts.has(row)) return '';
        return name === 'gain' ? withVerdict(row, text(row)) : text(row);
      };
      return [{ head, kind, cells: rows.map(cell) }];
    }),
  );
}

/** A line for each model: the size of its gain on each task; of the baseline the metric. */
export function shortTable(rows: readonly ShownGain[]): readonly TableColumn[] {
  const models = gainsByModel(rows);
  const ofModels = gainColumns.flatMap(({ table }) =>
    table?.ofModel ? [{ ...table, cells: models.map(([first]) => table.text(first)) }] : [],
  );
  const tasks = [...new Set(rows.map(({ about }) => about.name))].map((name) => ({
    head: name,
    kind: 'number' as const,
    cells: models.map((of): TextCell => {
      const row = of.find(({ about }) => about.name === name);
      if (!row) return '';
      if (row.reference === null)
        return joined(
          ' ',
          withDecimals(row.value, row.about.levelDigits),
          row.value === null ? '' : metricName(row.metric ?? ''),
        );
      return withVerdict(row, joined(' ', effect(row), sign(row)));
    }),
  }));
  const numbers = ofModels.findIndex(({ head }) => head === 'parameters');
  return filledColumns([...ofModels.slice(0, numbers), ...tasks, ...ofModels.slice(numbers)]);
}

function withVerdict({ verdict }: ShownGain, text: string): TextCell {
  return verdict === 'better' || verdict === 'worse' ? { text, verdict } : text;
}
