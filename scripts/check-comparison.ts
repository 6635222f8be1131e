/**
 * Computes every number of a comparison again from its runs' result.json alone, with code of its own and the Cephes library:
 *
 *     npm run check:comparison -- runs/<name>
 *
 * Prints the largest difference of each kind, relative to the larger of 1 and the number itself; exits with 1 if one is above 1e-9.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled, stdtr, stdtri } from 'cephes';
import type { Comparison, ComparisonRow } from '../src/comparison/comparison.js';
import { refuse, wordsOf } from './usage.js';

interface StoredResult {
  readonly tasks: Readonly<Record<string, { readonly type: string; readonly test: Readonly<Record<string, unknown>> }>>;
}

interface Recomputed {
  readonly row: ComparisonRow;
  readonly task: string;
  readonly gain: number | null;
  readonly p: number | null;
  readonly pairs: number;
}

const tolerance = 1e-9;
const usage = 'Usage: npm run check:comparison -- runs/<name>, the folder of a finished comparison';
const [folder = '', ...others] = wordsOf(usage, { allowPositionals: true }).positionals;
if (others.length > 0 || !existsSync(join(folder, 'comparison.json')))
  refuse(usage, `${[folder, ...others].join(' ')}: there is no comparison.json.`);
await compiled;
const comparison: Comparison = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
const largest = new Map<string, number>();
let numbers = 0;
const overSeeds = comparison.uncertainty === 'seeds';
const points = new Map<string, ComparisonRow[]>();
for (const row of comparison.rows) {
  const key = JSON.stringify(row.axis);
  points.set(key, [...(points.get(key) ?? []), row]);
}
for (const rows of points.values()) checkPoint(rows);
report();

function checkPoint(rows: readonly ComparisonRow[]): void {
  const baseline = rows.find(({ label }) => label === comparison.baseline);
  const cells = rows.flatMap((row) => comparison.tasks.map((task) => recompute(row, task, baseline)));
  for (const row of rows) checkOverTasks(row, baseline);
  if (!overSeeds) return;
  const family = cells.flatMap(({ p }) => (p === null ? [] : [p])).toSorted((a, b) => a - b);
  for (const { row, task, gain, p, pairs } of cells) {
    // Holm: of all p-values up to this one, the largest product with the number of those that are not smaller.
    const products = family.map((value, index) => value * (family.length - index));
    const upTo = products.filter((_, index) => (family[index] ?? 1) <= (p ?? -1));
    const pHolm = p === null ? null : Math.min(1, Math.max(...upTo));
    const stored = row.tasks[task];
    compare('pHolm', stored?.pHolm, pHolm);
    let verdict: string | null = null;
    if (pairs >= 5 && pHolm !== null) {
      verdict = pHolm >= 0.05 ? 'no difference seen' : (gain ?? 0) > 0 ? 'better' : 'worse';
    }
    compare('task verdict', stored?.verdict === verdict ? 0 : 1, 0);
  }
}

/** Mean and worst gain over tasks of one type. */
function checkOverTasks(row: ComparisonRow, baseline: ComparisonRow | undefined): void {
  const types = new Set(comparison.tasks.flatMap((task) => typeOf(row, task) ?? []));
  const metric = types.has('binary') ? 'auc' : 'nmse';
  const gains =
    types.size === 1 && baseline !== row ? comparison.tasks.map((task) => gainsOf(row, task, metric, baseline)) : [];
  const means = gains.map((gain) => mean(gain));
  const defined = means.length > 0 && !means.some(Number.isNaN);
  compare('meanGain', row.meanGain, defined ? mean(means) : null);
  compare('worstGain', row.worstGain, defined ? Math.min(...means) : null);
}

function gainsOf(row: ComparisonRow, task: string, metric: string, baseline: ComparisonRow | undefined): number[] {
  const [own, others] = [
    valuesOf(row, task, metric),
    baseline ? valuesOf(baseline, task, metric) : new Map<number, number>(),
  ];
  const sign = metric === 'auc' ? 1 : -1;
  return [...own].flatMap(([seed, value]) => {
    const other = others.get(seed);
    return other === undefined ? [] : [sign * (value - other)];
  });
}

function typeOf(row: ComparisonRow, task: string): string | undefined {
  const run = row.runs.find(({ status }) => status === 'done');
  return run && resultOf(run.path).tasks[task]?.type;
}

function resultOf(path: string): StoredResult {
  const file = join(folder ?? '', path, 'result.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  console.error(`There is no ${file}: predictions that were made elsewhere cannot be checked.`);
  process.exit(2);
}

/** Compares what does not depend on other cells, and gives what the rest is made of. */
function recompute(row: ComparisonRow, task: string, baseline: ComparisonRow | undefined): Recomputed {
  const stored = row.tasks[task];
  if (!stored) throw new Error(`${row.label} has no task '${task}'.`);
  const own = valuesOf(row, task, stored.metric);
  const values = [...own.values()];
  compare('mean', stored.mean, values.length === 0 ? null : mean(values));
  compare('sd', stored.sd, values.length < 2 ? null : deviation(values));

  const others = baseline && baseline !== row ? valuesOf(baseline, task, stored.metric) : new Map<number, number>();
  const seeds = [...own.keys()].filter((seed) => others.has(seed));
  const sign = stored.metric === 'auc' ? 1 : -1;
  const gains = seeds.map((seed) => sign * ((own.get(seed) ?? 0) - (others.get(seed) ?? 0)));
  const pairs = gains.length;
  if (pairs === 0) {
    compare('gain', stored.gain, null);
    return { row, task, gain: null, p: null, pairs };
  }
  const gain = mean(gains);
  const level = mean(seeds.map((seed) => others.get(seed) ?? 0));
  const whole = stored.metric === 'auc' ? level - 0.5 : level;
  compare('gain', stored.gain, gain);
  compare('relativeGain', stored.relativeGain, whole > 0 ? (gain / whole) * 100 : null);
  if (!overSeeds) return { row, task, gain, p: null, pairs };

  let se: number | null = null;
  let half: number | null = null;
  let p: number | null = null;
  const size = Math.max(
    ...seeds.map((seed) => Math.max(Math.abs(own.get(seed) ?? 0), Math.abs(others.get(seed) ?? 0))),
  );
  const varies = Math.max(...gains) - Math.min(...gains) > 2 ** -50 * size;
  if (pairs > 1 && varies) {
    se = deviation(gains) / Math.sqrt(pairs);
    half = se * stdtri(pairs - 1, 0.975);
    p = 2 * stdtr(pairs - 1, -Math.abs(gain) / se);
  } else if (pairs > 1 && gain === 0) {
    [se, half, p] = [0, 0, 1];
  }
  compare('se', stored.se, se);
  compare('interval', stored.interval?.[0], half === null ? null : gain - half);
  compare('interval', stored.interval?.[1], half === null ? null : gain + half);
  compare('p', stored.p, p);
  return { row, task, gain, p, pairs };
}

/** The metric on the test split, by seed. */
function valuesOf(row: ComparisonRow, task: string, metric: string): Map<number, number> {
  const values = new Map<number, number>();
  for (const { seed, path, status } of row.runs) {
    if (status !== 'done') continue;
    const value = resultOf(path).tasks[task]?.test[metric];
    if (typeof value === 'number') values.set(seed, value);
  }
  return values;
}

function compare(kind: string, stored: number | null | undefined, computed: number | null): void {
  numbers++;
  let difference = 0;
  if (typeof stored === 'number' && computed !== null) {
    difference = Math.abs(stored - computed) / Math.max(1, Math.abs(computed));
  } else if ((stored ?? null) !== computed) difference = Number.POSITIVE_INFINITY;
  largest.set(kind, Math.max(largest.get(kind) ?? 0, difference));
}

function report(): void {
  for (const [kind, difference] of largest) console.log(`${kind.padEnd(13)} ${difference.toExponential(1)}`);
  const worst = Math.max(...largest.values());
  if (!overSeeds)
    console.log(
      `Errors and p-values are not computed again: they are not of seeds alone (uncertainty: ${comparison.uncertainty}).`,
    );
  const verdict = worst <= tolerance ? 'agree' : 'DO NOT agree';
  console.log(
    `${numbers} numbers of ${comparison.rows.length} rows ${verdict}; largest difference ${worst.toExponential(1)}.`,
  );
  process.exitCode = worst <= tolerance ? 0 : 1;
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) * (value - centre);
  return Math.sqrt(squares / (values.length - 1));
}
