// What a claim is about, fixed before its runs are trained: a gain on each draw of the data, and the gain δ that
// counts. The 95 % interval over draws decides.
import type { ComparisonRow } from '../../src/comparison/comparison.js';
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Verdict } from './claim.js';
import { difference, less, type Tested, testValues } from './differences.js';
import { contrasts, gains, ifSettled, markdown, rowOf, signed } from './tables.js';

export interface Estimand {
  readonly of: string;
  /** By draw. */
  readonly gains: readonly number[];
  /** A smaller gain counts as none. 0: each gain counts. */
  readonly delta: number;
  /** The half-width to be reached. Default: δ / 2. 0: none is set. */
  readonly aim?: number;
  /** Of gains, δ and the aim. Log points: 100 ln of a ratio of errors. Margins: .001 AUC, or 5 log points of an error. Empty: 1 is all. */
  readonly unit: 'log points' | 'margins' | 'percentage points' | '';
  /**
   * Of an effect that must be there at each of several points, in one of several tasks: gains by point, task and draw.
   * Then they decide, and `gains` are told.
   */
  readonly everywhere?: readonly (readonly (readonly number[])[])[];
}

export interface Estimate extends Omit<Estimand, 'gains'> {
  readonly aim: number;
  readonly draws: number;
  readonly gain: number;
  readonly interval: readonly [number, number];
  readonly halfWidth: number;
  /** The interval is above 0, and does not exclude δ. `everywhere`: at each point that of some task, adjusted for their number. */
  readonly shown: boolean;
  /**
   * The interval, adjusted for the number of estimands, is below δ: no gain that counts. `everywhere`: at some point that
   * of every task, adjusted for the number of points.
   */
  readonly excluded: boolean;
  /** The half-width is the aim or less, or none is set. */
  readonly precise: boolean;
}

/** @param level Of the interval: .05. What refutes is adjusted for the number of estimands (Bonferroni). */
export function estimated(all: readonly Estimand[], level: number): readonly Estimate[] {
  return all.map((estimand) => {
    const { gains, ...rest } = estimand;
    const { delta, aim = delta / 2, everywhere = [[gains]] } = rest;
    const { gain, interval } = difference(gains, 1, level);
    const halfWidth = (interval[1] - interval[0]) / 2;
    const strict = level / all.length / everywhere.length;
    const excluded = everywhere.some((tasks) =>
      tasks.every((gains) => difference(gains, 1, strict).interval[1] < delta),
    );
    const isThere = everywhere.every((tasks) =>
      tasks.some((gains) => difference(gains, 1, level / tasks.length).interval[0] > 0),
    );
    return {
      ...rest,
      draws: gains.length,
      gain,
      interval,
      halfWidth,
      excluded,
      shown: isThere && !excluded,
      aim,
      precise: aim === 0 || halfWidth <= aim,
    };
  });
}

export interface Reading {
  /** Such as the paper's terms, or equal parameters. */
  readonly name: string;
  readonly estimands: readonly Estimand[];
  /** The same gains at each point and on each task. Told beside; no part of the verdict. */
  readonly apart?: readonly Estimand[];
}

/** What a reading says, of each reading in turn: "1/2". */
export type Each = (of: (estimates: readonly Estimate[]) => string | number) => string;

/**
 * The answer of tables by their readings. They are judged apart, and must agree.
 *
 * @param sentence What was found.
 */
export function readAs(
  tables: Table | readonly Table[],
  all: readonly Reading[],
  sentence: (each: Each) => string,
): Answer {
  const every = 'rows' in tables ? [tables] : tables;
  const level = Math.min(...every.map(({ test }) => test.level));
  const read = all.map(({ name, estimands, apart = [] }) => {
    const estimates = estimated(estimands, level);
    return {
      name,
      estimates,
      verdict: verdictOn(estimates),
      beside: conjunction(estimated(apart, level)),
    };
  });
  return {
    ...ifSettled(every, verdictOver(read.map(({ verdict }) => verdict))),
    sentence: sentence((of) => read.map(({ estimates }) => of(estimates)).join('/')),
    found: [
      ...read.map(
        ({ name, estimates, verdict, beside }) => `\n**${name}: ${verdict}.**\n\n${estimandTable(estimates)}${beside}`,
      ),
      // A table of loss weights has its gains at weight 1 in another.
      ...every.flatMap((table) =>
        table.fronts
          ? []
          : [`\nComparison \`${table.name}\`:`, gains(table), table.contrasts.length > 0 ? contrasts(table) : ''],
      ),
    ],
  };
}

/** Readings must agree. One that shows the contrary of another turns the claim. */
function verdictOver(readings: readonly Verdict[]): Verdict {
  const [verdict = 'cannot be told', ...others] = new Set(readings);
  if (others.length === 0) return verdict;
  return readings.includes('cannot be told') ? 'cannot be told' : 'turns with the terms';
}

/** A claim that each of these gains exists. */
export function verdictOn(all: readonly Pick<Estimate, 'shown' | 'excluded'>[]): Verdict {
  if (all.some(({ excluded }) => excluded)) return 'does not hold here';
  return all.every(({ shown }) => shown) ? 'holds here' : 'cannot be told';
}

/** That all of them exist needs no adjustment: each must be shown by itself. */
function conjunction(all: readonly Estimate[]): string {
  if (all.length === 0) return '';
  const counted = (which: 'shown' | 'excluded') => all.filter((one) => one[which]).length;
  return `\n\nTaken apart by task and point, of ${all.length} gains: shown ${counted('shown')}, smaller than δ ${counted('excluded')}. That all of them exist: ${verdictOn(all)}.`;
}

/** How many of the estimands whose names begin so are shown. */
export function shownIn(estimates: readonly Estimate[], beginning = ''): number {
  return estimates.filter(({ of, shown }) => shown && of.startsWith(beginning)).length;
}

/** Estimands with their intervals. */
export function estimandTable(all: readonly Estimate[]): string {
  const lines = all.map((one) => [
    one.of,
    `${one.delta} ${one.delta === 1 ? one.unit.slice(0, -1) : one.unit}`.trimEnd(),
    intervalText(one),
    `${one.aim || 'none'} / ${one.halfWidth.toPrecision(2)}`,
    `${one.draws}`,
    findingOf(one),
  ]);
  const head = ['gain', 'δ', 'effect, 95 % interval', 'half-width: aim / reached', 'draws', 'finding'];
  const note = all.some(({ everywhere }) => everywhere)
    ? '\n\nAt a best weight: all weights and tasks decide; the interval is that of one task at one weight.'
    : '';
  return `${markdown([head, ...lines])}${note}`;
}

function findingOf({ shown, excluded, precise, delta }: Estimate): string {
  if (shown) return 'shown';
  if (excluded) return delta === 0 ? 'below 0' : 'smaller than δ';
  return precise ? 'open' : 'not precise enough';
}

/** Of an error, from the logarithm of the ratio: 100 ln 2 is a fall by half. */
export function fallOfError({ gain, interval }: Pick<Estimate, 'gain' | 'interval'>): string {
  const [middle, ...ends] = [gain, ...interval].map((log) =>
    `${Math.round(100 * (1 - Math.exp(-log / 100)))}`.replace('-', '−'),
  );
  return `${middle} % [${ends.join(', ')}]`;
}

export function intervalText({ gain, interval, unit }: Pick<Estimate, 'gain' | 'interval' | 'unit'>): string {
  const [middle, low, high] = [gain, ...interval].map((value) => signed(value, unit === '' ? 3 : 1));
  return `${middle} [${low}, ${high}] ${unit}`.trimEnd();
}

/** What of a table gains are computed from. */
interface MeasuredTable extends Pick<Table, 'folder' | 'tasks' | 'seeds'> {
  readonly rows: readonly (Pick<ComparisonRow, 'label' | 'axis'> & Tested)[];
}

/**
 * By draw: 100 ln(error of the reference / error of the model), as a mean over tasks and points. About the fall of the
 * error in %; a ratio and its inverse have the same size.
 */
export function errorRatios(
  table: MeasuredTable,
  model: string,
  reference: string,
  {
    tasks = table.tasks,
    at = () => true,
  }: { tasks?: readonly string[]; at?: (axis: ComparisonRow['axis']) => boolean } = {},
): readonly number[] {
  const rows = (label: string) => table.rows.filter((row) => row.label === label && at(row.axis));
  const others = rows(reference);
  if (others.length === 0) throw new Error(`The table has no point of ${model} over ${reference} that was asked for.`);
  const all = rows(model).flatMap((row, point) =>
    tasks.map((task) => gainsOver(table, row, must(others[point], reference), task)),
  );
  return table.seeds.map((_, draw) => mean(all.map((gains) => must(gains[draw], 'a draw'))));
}

/** By draw: the gain of a model over another, as a mean over tasks, in margins. */
export function inMargins(
  table: Pick<Table, 'folder' | 'seeds'>,
  own: Tested,
  other: Tested,
  tasks: readonly string[],
): readonly number[] {
  const all = tasks.map((task) => gainsOver(table, own, other, task).map((gain) => gain / marginOf(own, task)));
  return table.seeds.map((_, draw) => mean(all.map((gains) => must(gains[draw], 'a draw'))));
}

/** The gain of a model over another on each task. */
export function onEachTask(table: Table, model: string, reference: string): readonly Estimand[] {
  const [own, other] = [rowOf(table, model), rowOf(table, reference)];
  return table.tasks.map((task) => ({
    of: `${model} over ${reference}, ${task}`,
    gains: inMargins(table, own, other, [task]),
    delta: 1,
    aim: aimOf(own, task),
    unit: 'margins',
  }));
}

/** The half-width to be reached, in margins: gains in AUC differ more between draws (pilot). */
export function aimOf(row: Tested, task: string): number {
  return isAuc(row, task) ? 3 : 0.5;
}

/** The paper's own bar for an AUC (section 3.2); of an error 5 log points. */
function marginOf(row: Tested, task: string): number {
  return isAuc(row, task) ? 0.001 : 5;
}

function isAuc({ tasks }: Tested, task: string): boolean {
  return /auc/i.test(must(tasks[task], task).metric);
}

/** By draw: the gain on a task. Of an AUC the difference, of an error 100 ln(error of the other / own error). */
function gainsOver(table: Pick<Table, 'folder'>, own: Tested, other: Tested, task: string): readonly number[] {
  const [model, reference] = [own, other].map((row) => testValues(table, row, task));
  if (isAuc(own, task)) return less(model ?? [], reference ?? []);
  const logs = (errors: readonly number[] = []) => errors.map((error) => 100 * Math.log(error));
  return less(logs(reference), logs(model));
}
