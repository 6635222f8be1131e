/**
 * Computes a comparison's gains, errors, intervals, p-values, equivalence, mean relative gains, verdicts and numbers of runs at their
 * limit again, from its runs' result.json and predictions.arrow, with code of its own and the Cephes library. It leaves out
 * `detectable`, `seedsToDecide`, `ownBest` and the levels of looks, and takes each run's metrics as they are:
 *
 *     npm run check:comparison -- runs/<name>
 *
 * Prints the largest difference of each kind, relative to the number itself or to 0.001 if that is larger; exits with 1 if one is above 1e-9.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { compiled, incbet, incbi, ndtr, ndtri, zeta } from 'cephes';
import type {
  Comparison,
  ComparisonRow,
  Contrast,
  Gain,
  TaskVerdict,
  TestedGain,
  Verdict,
} from '../src/comparison/comparison.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run check:comparison -- runs/<name>, the folder of a finished comparison';
const tolerance = 1e-9;
const [folder = '', ...others] = wordsOf(usage, { allowPositionals: true }).positionals;
if (others.length > 0 || !existsSync(join(folder, 'comparison.json')))
  refuse(usage, `${[folder, ...others].join(' ')}: there is no comparison.json.`);
await compiled;
const comparison: Comparison = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
const { tasks, uncertainty, test } = comparison;
if (comparison.schema !== 2)
  refuse(usage, `${folder}: comparison.json is of an earlier version; ple report ${folder} makes it again.`);

// --- what runs left ---------------------------------------------------------------------------------------------------------------------

interface StoredResult {
  readonly ended?: string;
  readonly dataset: { readonly checksum: string; readonly rows: Readonly<Record<string, number>> };
  readonly tasks: Readonly<Record<string, { readonly type: string; readonly test: Readonly<Record<string, unknown>> }>>;
}

interface Predicted {
  readonly type: string;
  readonly scores: Float64Array;
  readonly labels: Float32Array;
  /** Rows of the sample space. */
  readonly rows: readonly number[];
  /** Of a multiclass task: each class's logits. */
  readonly classes: readonly Float32Array[];
  /** Of each row of the split. */
  readonly weights: Float32Array;
  readonly groups: Int32Array | undefined;
  readonly all: number;
}

const results = new Map<string, StoredResult>();

function resultOf(path: string): StoredResult {
  const known = results.get(path);
  if (known) return known;
  const file = join(folder, path, 'result.json');
  if (!existsSync(file)) {
    console.error(`There is no ${file}: predictions that were made elsewhere cannot be checked.`);
    process.exit(2);
  }
  const result: StoredResult = JSON.parse(readFileSync(file, 'utf8'));
  results.set(path, result);
  return result;
}

function predicted(path: string, task: string): Predicted {
  const table = tableFromIPC(readFileSync(join(folder, path, 'predictions.arrow')));
  const column = (name: string) => Float32Array.from(table.getChild(name)?.toArray() ?? []);
  const [labels, mask] = [column(`${task}.label`), column(`${task}.mask`)];
  const named = table.schema.fields.find(({ name }) => name === `${task}.label`)?.metadata.get('classes');
  const classes: string[] = JSON.parse(named ?? '[]');
  const logits = classes.length > 0 ? new Float32Array(mask.length) : column(`${task}.logit`);
  const metadata = table.schema.fields.find(({ name }) => name === `${task}.logit`)?.metadata;
  const [scale, offset] = [Number(metadata?.get('scale')), Number(metadata?.get('offset'))];
  const type = resultOf(path).tasks[task]?.type ?? '';
  const group: unknown = table.getChild('group')?.toArray();
  return {
    type,
    scores: Float64Array.from(logits, (logit) => (type === 'binary' ? logit : logit * scale + offset)),
    classes: classes.map((text) => column(`${task}.logit.${text}`)),
    labels,
    rows: [...mask.keys()].filter((row) => (mask[row] ?? 0) > 0),
    weights: mask,
    groups: group instanceof Int32Array ? group : undefined,
    all: mask.length,
  };
}

// --- the influence of rows --------------------------------------------------------------------------------------------------------------

/** Each row's part of a metric's deviation: the sum of squares is the metric's variance over the draw of the rows. */
function influence(path: string, task: string, metric: string): Float64Array {
  const { scores, classes, labels, rows, weights, groups, all } = predicted(path, task);
  const psi = new Float64Array(all);
  const weight = (row: number) => weights[row] ?? Number.NaN;
  const score = (row: number) => scores[row] ?? Number.NaN;
  const label = (row: number) => labels[row] ?? Number.NaN;
  const ofArea = (scoreOf: (row: number) => number, isPositive: (row: number) => boolean, factor: number) => {
    const [zeros, ones] = [false, true].map((value) => rows.filter((row) => isPositive(row) === value));
    for (const [own, against, sign] of [
      [ones, zeros, 1],
      [zeros, ones, -1],
    ] as const) {
      const placed = placements(
        (own ?? []).map(scoreOf),
        (against ?? []).map(scoreOf),
        sign,
        (against ?? []).map(weight),
      );
      for (const [index, part] of partsOfMean(placed, (own ?? []).map(weight)).entries())
        psi[own?.[index] ?? -1] = (psi[own?.[index] ?? -1] ?? 0) + factor * part;
    }
    return psi;
  };
  if (metric === 'auc') return ofArea(score, (row) => label(row) === 1, 1);
  if (metric === 'macroAuc') {
    const compared = [...classes.keys()].filter((c) => rows.some((row) => label(row) === c));
    if (compared.length === 1) throw new Error(`${path} has one class of '${task}'.`);
    for (const c of compared)
      ofArea(
        (row) => logOdds(classes, row, c),
        (row) => label(row) === c,
        1 / compared.length,
      );
    return psi;
  }
  if (metric === 'groupedAuc') return influenceOfGroups(rows, score, label, weight, groups, psi);
  const losses = rows.map((row) =>
    classes.length > 0 ? ofClasses(metric, classes, row, label(row)) : lossOf(metric, score(row), label(row)),
  );
  const own = rows.map(weight);
  const over = metric === 'nmse' || metric === 'r2' ? weightedVariance(rows.map(label), own) : 1;
  for (const [index, part] of partsOfMean(losses, own).entries())
    psi[rows[index] ?? -1] = (metric === 'r2' ? -part : part) / over;
  return psi;
}

/** Each value's part of the deviation of their weighted mean, a ratio of sums (Cochran 1977, 2.11). */
function partsOfMean(values: readonly number[], weights: readonly number[]): number[] {
  const centre = weightedMean(values, weights);
  const factor = Math.sqrt(values.length / (values.length - 1)) / sumOf(weights);
  return values.map((value, index) => factor * (weights[index] ?? 0) * (value - centre));
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  return sumOf(values.map((value, index) => value * (weights[index] ?? 0))) / sumOf(weights);
}

function weightedVariance(values: readonly number[], weights: readonly number[]): number {
  const centre = weightedMean(values, weights);
  return weightedMean(
    values.map((value) => (value - centre) ** 2),
    weights,
  );
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** log(p / (1 - p)) of a class. */
function logOdds(classes: readonly Float32Array[], row: number, c: number): number {
  const others = classes.flatMap((logits, index) => (index === c ? [] : [logits[row] ?? Number.NaN]));
  const top = Math.max(...others);
  return (classes[c]?.[row] ?? Number.NaN) - top - Math.log(sumOf(others.map((logit) => Math.exp(logit - top))));
}

function ofClasses(metric: string, classes: readonly Float32Array[], row: number, label: number): number {
  const odds = [...classes.keys()].map((c) => logOdds(classes, row, c));
  if (metric === 'accuracy') return odds.indexOf(Math.max(...odds)) === label ? 1 : 0;
  if (metric === 'multiclassLogLoss') return Math.log1p(Math.exp(-(odds[label] ?? Number.NaN)));
  throw new Error(`${metric} has no error over test rows that this script knows.`);
}

function lossOf(metric: string, score: number, label: number): number {
  if (metric === 'mse' || metric === 'nmse' || metric === 'r2') return (score - label) ** 2;
  if (metric === 'mae') return Math.abs(score - label);
  if (metric === 'binaryAccuracy') return Number(score > 0) === label ? 1 : 0;
  const margin = label === 1 ? -score : score;
  if (metric === 'logLoss') return margin > 0 ? margin + Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin));
  throw new Error(`${metric} has no error over test rows that this script knows.`);
}

/** For each value the share by weight of `against` that it is on the right side of, a tie counting half; by looking up sums in a sorted array. */
function placements(
  values: readonly number[],
  against: readonly number[],
  sign: 1 | -1,
  weights: readonly number[],
): number[] {
  const pairs = against.map((value, index) => ({ value: sign * value, weight: weights[index] ?? 0 }));
  pairs.sort((a, b) => (a.value < b.value ? -1 : Number(a.value > b.value)));
  const sorted = pairs.map(({ value }) => value);
  const before = [0];
  for (const [index, { weight }] of pairs.entries()) before.push((before[index] ?? 0) + weight);
  const below = (value: number, orEqual: boolean) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = sorted[middle] ?? 0;
      if (at < value || (orEqual && at === value)) low = middle + 1;
      else high = middle;
    }
    return before[low] ?? Number.NaN;
  };
  const whole = sumOf(weights);
  return values.map((value) => (below(sign * value, false) + below(sign * value, true)) / 2 / whole);
}

function influenceOfGroups(
  rows: readonly number[],
  score: (row: number) => number,
  label: (row: number) => number,
  weight: (row: number) => number,
  groups: Int32Array | undefined,
  psi: Float64Array,
): Float64Array {
  const members = new Map<number, number[]>();
  const first = (own: readonly number[]) => groups?.indexOf(groups[own[0] ?? -1] ?? -1) ?? -1;
  for (const row of rows) members.set(groups?.[row] ?? -1, [...(members.get(groups?.[row] ?? -1) ?? []), row]);
  const areas = [...members.values()].flatMap((own) => {
    const [zeros, ones] = [0, 1].map((value) => own.filter((row) => label(row) === value));
    if (!zeros?.length || !ones?.length) return [];
    const placed = placements(ones.map(score), zeros.map(score), 1, zeros.map(weight));
    return [{ own, area: weightedMean(placed, ones.map(weight)), weight: sumOf(own.map(weight)) }];
  });
  const parts = partsOfMean(
    areas.map(({ area }) => area),
    areas.map((group) => group.weight),
  );
  for (const [index, { own }] of areas.entries()) psi[first(own)] = parts[index] ?? Number.NaN;
  return psi;
}

// --- one model against another ----------------------------------------------------------------------------------------------------------

interface Paired {
  readonly seeds: readonly number[];
  readonly gains: readonly number[];
  readonly level: number;
  readonly largest: number;
  readonly runs: readonly (readonly [model: Run, reference: Run])[];
}

/** The folder that a task is reported from. */
type Run = (task: string) => string;

function runsOf(row: ComparisonRow): ReadonlyMap<number, Run> {
  const done = row.runs.filter(({ status }) => status === 'done');
  return new Map(done.map(({ seed, path, parts }) => [seed, (task: string) => parts?.[task] ?? path]));
}

function metricValue(path: string, task: string, metric: string): number | undefined {
  const value = resultOf(path).tasks[task]?.test[metric];
  return typeof value === 'number' ? value : undefined;
}

const areas = ['auc', 'groupedAuc', 'macroAuc'];
const higherIsBetter = [
  ...areas,
  'accuracy',
  'binaryAccuracy',
  'r2',
  'averagePrecision',
  'f1',
  'groupedNdcg10',
  'groupedHitRate10',
];
const isHigherBetter = (metric: string) => higherIsBetter.includes(metric);

function paired(model: ComparisonRow, reference: ComparisonRow | undefined, task: string, metric: string): Paired {
  const [own, other] = [runsOf(model), reference && reference !== model ? runsOf(reference) : new Map<number, Run>()];
  const found = [...own].flatMap(([seed, run]) => {
    const against = other.get(seed);
    if (against === undefined) return [];
    const [a, b] = [metricValue(run(task), task, metric), metricValue(against(task), task, metric)];
    return a === undefined || b === undefined ? [] : [{ seed, a, b, runs: [run, against] as const }];
  });
  return {
    seeds: found.map(({ seed }) => seed),
    gains: found.map(({ a, b }) => (isHigherBetter(metric) ? a - b : b - a)),
    level: mean(found.map(({ b }) => b)),
    largest: Math.max(0, ...found.flatMap(({ a, b }) => [Math.abs(a), Math.abs(b)])),
    runs: found.map(({ runs }) => runs),
  };
}

const metricOf = (task: string) => comparison.rows[0]?.tasks[task]?.metric ?? '';
const wholeOf = (metric: string, level: number) =>
  areas.includes(metric) ? level - 0.5 : metric === 'r2' ? 1 - level : level;
const totalWeight = tasks.reduce((sum, task) => sum + (comparison.taskWeights[task] ?? 1), 0);

/** One model against another. */
interface Members {
  readonly tasks: readonly Member[];
  readonly aggregate: Member | null;
  readonly stored: Verdict;
  /** False: the baseline, and where one of both might still have improved. */
  readonly isJudged: boolean;
}

interface Member {
  readonly stored: Partial<TestedGain> & Gain & { readonly verdict: TaskVerdict | null };
  readonly pairs: Paired;
  /** Task, metric and factor of what is summed: one of a task, all of the aggregate. */
  readonly parts: readonly { readonly task: string; readonly metric: string; readonly factor: number }[];
  readonly margin: number | null;
}

function membersOf(
  model: ComparisonRow,
  reference: ComparisonRow | undefined,
  stored: Pick<ComparisonRow | Contrast, 'tasks' | 'aggregate' | 'verdict'>,
): Members {
  const isJudged = model !== reference && isFinished(model) && (reference === undefined || isFinished(reference));
  const ofTasks = tasks.map((task): Member => {
    const metric = metricOf(task);
    const pairs = paired(model, reference, task, metric);
    const own = stored.tasks[task];
    if (!own) throw new Error(`${model.label} has no task '${task}'.`);
    return { stored: own, pairs, parts: [{ task, metric, factor: 1 }], margin: marginOf(metric, pairs) };
  });
  const common = (ofTasks[0]?.pairs.seeds ?? []).filter((seed) =>
    ofTasks.every(({ pairs }) => pairs.seeds.includes(seed)),
  );
  const parts = ofTasks.map(({ pairs, parts: [part] }, index) => {
    const whole = wholeOf(part?.metric ?? '', pairs.level);
    const weight = comparison.taskWeights[tasks[index] ?? ''] ?? 1;
    return {
      task: part?.task ?? '',
      metric: part?.metric ?? '',
      factor: weight === 0 ? 0 : whole > 0 ? (100 * weight) / whole / totalWeight : Number.NaN,
    };
  });
  if (stored.aggregate === null) {
    agree('aggregate', common.length === 0 || parts.some(({ factor }) => !Number.isFinite(factor)));
    return { tasks: ofTasks, aggregate: null, stored: stored.verdict, isJudged };
  }
  const at = (pairs: Paired, seed: number) => pairs.gains[pairs.seeds.indexOf(seed)] ?? Number.NaN;
  const gains = common.map((seed) =>
    ofTasks.reduce((sum, { pairs }, index) => sum + (parts[index]?.factor ?? 0) * at(pairs, seed), 0),
  );
  const first = ofTasks[0]?.pairs;
  const aggregate: Member = {
    stored: stored.aggregate,
    pairs: {
      seeds: common,
      gains,
      level: Number.NaN,
      largest: ofTasks.reduce((sum, { pairs }, index) => sum + (parts[index]?.factor ?? 0) * pairs.largest, 0),
      runs: common.flatMap((seed) => {
        const runs = first?.runs[first.seeds.indexOf(seed)];
        return runs ? [runs] : [];
      }),
    },
    parts,
    margin: null,
  };
  return { tasks: ofTasks, aggregate, stored: stored.verdict, isJudged };
}

function marginOf(metric: string, { level, gains }: Paired): number | null {
  if (gains.length === 0) return null;
  const chosen = comparison.margins[metric];
  if (chosen === null) return null;
  if (chosen) return 'absolute' in chosen ? chosen.absolute : (Math.abs(level) * chosen.percent) / 100;
  return [...areas, 'accuracy', 'binaryAccuracy', 'r2'].includes(metric) ? 0.001 : Math.abs(level) / 100;
}

// --- errors -----------------------------------------------------------------------------------------------------------------------------

interface Spread {
  readonly variance: number;
  readonly df: number;
}

/** What the variances of the gains of a table have in common: docs/statistics.md, "Variance". */
function commonSpread(
  groups: readonly (readonly (readonly number[])[])[],
): ((own: Spread, group: number, pairs: number) => Spread) | null {
  const n = Math.max(0, ...groups.flat().map((gains) => gains.length));
  const whole = groups.map((gains) => gains.filter((values) => values.length === n));
  const kept = whole.map((gains) => gains.filter((values) => variance(values) > 0));
  const taken = kept.filter((_, group) => whole[group]?.length);
  if (n < 4 || taken.some((gains) => gains.length < 3)) return null;
  const means = kept.map((gains) => mean(gains.map(variance)));
  let correlation = 0;
  for (const gains of taken) {
    const covariances = gains.flatMap((one, i) => gains.slice(i + 1).map((other) => covariance(one, other)));
    correlation += mean(covariances) / mean(gains.map(variance)) / taken.length;
  }
  correlation = Math.min(0.999, Math.max(0, correlation));
  let [squares, degrees] = [0, 0];
  for (const gains of taken) {
    const logs = gains.map((values) => Math.log(variance(values)));
    for (const log of logs) squares += (log - mean(logs)) ** 2;
    degrees += gains.length - 1;
  }
  const excess = squares / degrees - (1 - correlation ** 2) * zeta(2, (n - 1) / 2);
  let prior = Number.POSITIVE_INFINITY;
  if (excess > 0) {
    let [low, high] = [1e-8, 1e8];
    for (let step = 0; step < 400; step++) {
      const middle = Math.sqrt(low * high);
      if (zeta(2, middle / 2) > excess) low = middle;
      else high = middle;
    }
    prior = low;
  }
  return (own, group, pairs) => {
    const size = kept[group]?.length ?? 0;
    if (pairs !== n || size === 0) return own;
    const cap = ((n - 1) * size) / (1 + (size - 1) * correlation ** 2);
    const share = prior === Number.POSITIVE_INFINITY ? 1 : prior / (prior + own.df);
    return {
      variance: Math.max(own.variance, (share * (means[group] ?? 0)) / n + (1 - share) * own.variance),
      df: own.df + Math.max(0, Math.min(prior + own.df, cap) - own.df) / 2,
    };
  };
}

function ofRows({ parts, pairs }: Member): Spread {
  const sets = new Map<string, Float64Array>();
  const grouped = parts.find(({ metric }) => metric === 'groupedAuc');
  for (const [model, reference] of pairs.runs) {
    const { checksum, rows } = resultOf(reference(tasks[0] ?? '')).dataset;
    const key = JSON.stringify([checksum, rows]);
    const groups = grouped && predicted(reference(grouped.task), grouped.task).groups;
    const firsts = new Map<number, number>();
    for (const [row, group] of groups?.entries() ?? []) if (!firsts.has(group)) firsts.set(group, row);
    for (const { task, metric, factor } of parts) {
      const [own, other] = [influence(model(task), task, metric), influence(reference(task), task, metric)];
      const sum = sets.get(key) ?? new Float64Array(own.length);
      const sign = isHigherBetter(metric) ? 1 : -1;
      for (const [row, value] of own.entries()) {
        const at = firsts.get(groups?.[row] ?? -1) ?? row;
        sum[at] = (sum[at] ?? 0) + (sign * factor * (value - (other[row] ?? 0))) / pairs.gains.length;
      }
      sets.set(key, sum);
    }
  }
  let total = 0;
  for (const sum of sets.values()) for (const value of sum) total += value * value;
  return { variance: total, df: Number.POSITIVE_INFINITY };
}

/** Beyond the rounding of doubles. */
function varies(gains: readonly number[], most: number): boolean {
  return Math.max(...gains) - Math.min(...gains) > 2 ** -50 * most;
}

function hasOwnRows({ pairs }: Member): boolean {
  const sets = new Set(pairs.runs.map(([, reference]) => JSON.stringify(resultOf(reference(tasks[0] ?? '')).dataset)));
  return pairs.runs.length > 1 && sets.size === pairs.runs.length;
}

function errorOf(member: Member, group: number, moderate: ReturnType<typeof commonSpread>): Spread | null {
  const { gains, largest } = member.pairs;
  if (gains.length === 0) return null;
  if (uncertainty === 'rows') return ofRows(member);
  if (gains.length < 2) return null;
  const isVaried = varies(gains, largest);
  const own = { variance: isVaried ? variance(gains) / gains.length : 0, df: gains.length - 1 };
  const seeds = isVaried && moderate ? moderate(own, group, gains.length) : own;
  if (uncertainty === 'seeds' || hasOwnRows(member)) return seeds;
  const rows = ofRows(member);
  const sum = seeds.variance + rows.variance;
  return {
    variance: sum,
    df: seeds.variance === 0 ? Number.POSITIVE_INFINITY : sum ** 2 / (seeds.variance ** 2 / seeds.df),
  };
}

// --- tests ------------------------------------------------------------------------------------------------------------------------------

/** P(T <= t) by the incomplete beta function; infinite df: normal. */
function below(t: number, df: number): number {
  if (!Number.isFinite(df)) return ndtr(t);
  const tail = incbet(df / 2, 0.5, df / (df + t * t)) / 2;
  return t <= 0 ? tail : 1 - tail;
}

/** The t with P(|T| > t) = level. */
function critical(level: number, df: number): number {
  if (!Number.isFinite(df)) return -ndtri(level / 2);
  const x = incbi(df / 2, 0.5, level);
  return Math.sqrt((df * (1 - x)) / x);
}

/** Of all p-values up to this one, the largest product with the number of those that are not smaller. */
function adjusted(p: number | null, family: readonly (number | null)[]): number | null {
  if (p === null) return null;
  const known = family.filter((value) => value !== null);
  const products = known
    .filter((value) => value <= p)
    .map((value) => value * known.filter((other) => other >= value).length);
  return Math.min(1, Math.max(...products));
}

/** @returns The verdict of each, as if it were judged. */
function checkFamily(
  members: readonly Member[],
  errors: readonly (Spread | null)[],
  judged: readonly boolean[],
): readonly string[] {
  const verdicts: string[] = [];
  const tested = members.map(({ pairs, margin }, index) => {
    const gain = pairs.gains.length === 0 ? null : mean(pairs.gains);
    const error = errors[index] ?? null;
    if (gain === null || error === null || (error.variance === 0 && gain !== 0))
      return { gain, margin, se: null, df: null, p: null, inferior: null, outside: null };
    const se = Math.sqrt(error.variance);
    if (se === 0) return { gain, margin, se, df: null, p: 1, inferior: margin && 0, outside: margin && 0 };
    const inferior = margin === null ? null : below(-(gain + margin) / se, error.df);
    const upper = margin === null ? null : below((gain - margin) / se, error.df);
    const outside = inferior === null || upper === null ? null : Math.max(inferior, upper);
    return { gain, margin, se, df: error.df, p: 2 * below(-Math.abs(gain) / se, error.df), inferior, outside };
  });
  const size = tested.filter(({ p }) => p !== null).length;
  for (const [index, { stored, pairs }] of members.entries()) {
    const own = tested[index];
    if (!own) continue;
    const { gain, se, df, p, margin } = own;
    compare('gain', stored.gain, gain);
    for (const [at, seed] of pairs.seeds.entries())
      compare('gain by seed', stored.gains.find((one) => one.seed === seed)?.gain, pairs.gains[at] ?? null);
    compare('se', stored.se, se);
    compare('degrees', stored.degreesOfFreedom, df !== null && Number.isFinite(df) ? df : null);
    compare('p', stored.p, p);
    const pHolm = adjusted(
      p,
      tested.map((one) => one.p),
    );
    const half = se ? critical(0.05, df ?? Number.POSITIVE_INFINITY) * se : se;
    compareInterval('interval', stored.interval, gain, half);
    const outside = adjusted(
      own.outside,
      tested.map((one) => one.outside),
    );
    const wide = se ? critical(test.level / size, df ?? Number.POSITIVE_INFINITY) * se : se;
    compareInterval('simultaneous', stored.simultaneous, gain, wide);
    const enough = pairs.gains.length >= 3 || uncertainty === 'rows';
    const differs = enough && pHolm !== null && pHolm < test.level;
    const within = enough && outside !== null && outside < test.level;
    const verdict = within ? 'equivalent' : !differs ? 'undecided' : (gain ?? 0) > 0 ? 'better' : 'worse';
    agree('verdict', stored.verdict === (judged[index] && gain !== null ? verdict : null));
    verdicts.push(gain === null ? 'none' : verdict);
    if (stored.margin === undefined) {
      compare('pHolm', stored.pHolm, enough ? pHolm : null);
      continue; // the aggregate
    }
    compare('pHolm', stored.pHolm, pHolm);
    compare('margin', stored.margin, margin);
    compare('pEquivalent', stored.pEquivalent, outside);
    compare(
      'pNotInferior',
      stored.pNotInferior,
      enough
        ? adjusted(
            own.inferior,
            tested.map((one) => one.inferior),
          )
        : null,
    );
    const [part] = members[index]?.parts ?? [];
    const whole = wholeOf(part?.metric ?? '', pairs.level);
    compare('relativeGain', stored.relativeGain, gain !== null && whole > 0 ? (100 * gain) / whole : null);
  }
  return verdicts;
}

/** Whether a model's runs ended, but for a fifth of them, where they were best. */
function isFinished(row: ComparisonRow): boolean {
  return lateRuns(row) <= row.runs.filter(({ status }) => status === 'done').length / 5;
}

/** Of runs in parts, result.json does not tell which task was late: their number is taken as it is. */
function lateRuns({ runs, atLimit }: ComparisonRow): number {
  if (runs.some(({ parts }) => parts)) return atLimit;
  return runs.filter(({ path, status }) => status === 'done' && resultOf(path).ended === 'limit').length;
}

function verdictOver(ofTasks: readonly string[]): string {
  const has = (verdict: string) => ofTasks.includes(verdict);
  const all = (verdict: string) => ofTasks.every((own) => own === verdict);
  if (has('worse')) return has('better') ? 'seesaw' : 'worse';
  if (has('better')) return all('better') ? 'better on all' : 'better on some';
  return all('equivalent') ? 'equivalent' : 'undecided';
}

// --- the table --------------------------------------------------------------------------------------------------------------------------

const largest = new Map<string, number>();
let numbers = 0;
const points = new Map<string, ComparisonRow[]>();
for (const row of comparison.rows) {
  const key = JSON.stringify(row.axis);
  points.set(key, [...(points.get(key) ?? []), row]);
}
const tables = [...points].map(([key, rows]) => {
  const baseline = rows.find(({ label }) => label === comparison.baseline);
  const members = rows.map((row) => membersOf(row, baseline, row));
  for (const row of rows) compare('atLimit', row.atLimit, lateRuns(row));
  const contrasts = comparison.contrasts
    .filter(({ axis }) => JSON.stringify(axis) === key)
    .flatMap((contrast) => {
      const [model, reference] = [contrast.model, contrast.reference].map((label) =>
        rows.find((row) => row.label === label),
      );
      return model && reference ? [membersOf(model, reference, contrast)] : [];
    });
  const gains = (of: (member: (typeof members)[number]) => Member | null | undefined) =>
    members.map((member) => {
      const { gains: own, largest: most } = of(member)?.pairs ?? { gains: [], largest: 0 };
      return varies(own, most) ? own : own.map(() => 0);
    });
  return {
    rows,
    members,
    contrasts,
    ofTasks: commonSpread(tasks.map((_, task) => gains((member) => member.tasks[task]))),
    ofAggregates: commonSpread([gains((member) => member.aggregate)]),
  };
});
const isModerated = tables.every(({ ofTasks }) => ofTasks !== null);
agree('test', test.variance === (uncertainty === 'rows' ? null : isModerated ? 'moderated' : 'paired'));
for (const { rows, members, contrasts, ofTasks, ofAggregates } of tables) {
  for (const family of [members, contrasts]) {
    const moderate = isModerated && family === members ? { ofTasks, ofAggregates } : null;
    const own = family.flatMap((member) => member.tasks);
    const judged = family.flatMap(({ isJudged }) => tasks.map(() => isJudged));
    const verdicts = checkFamily(
      own,
      own.map((member, index) => errorOf(member, index % tasks.length, moderate?.ofTasks ?? null)),
      judged,
    );
    for (const [index, { stored, isJudged }] of family.entries()) {
      if (stored === 'baseline') continue;
      const over = verdictOver(verdicts.slice(index * tasks.length, (index + 1) * tasks.length));
      agree('verdict', stored === (isJudged ? over : 'not trained to a plateau'));
    }
    const withMean = family.flatMap(({ aggregate, isJudged }) => (aggregate ? [{ aggregate, isJudged }] : []));
    checkFamily(
      withMean.map(({ aggregate }) => aggregate),
      withMean.map(({ aggregate }) => errorOf(aggregate, 0, moderate?.ofAggregates ?? null)),
      withMean.map(({ isJudged }) => isJudged),
    );
  }
  for (const row of rows) checkLevels(row, rows);
}
report();

/** Means, deviations, and the mean and worst gain over tasks of one type. */
function checkLevels(row: ComparisonRow, rows: readonly ComparisonRow[]): void {
  const runs = [...runsOf(row).values()];
  for (const task of tasks) {
    const values = runs.flatMap((run) => metricValue(run(task), task, metricOf(task)) ?? []);
    compare('mean', row.tasks[task]?.mean, values.length === 0 ? null : mean(values));
    compare('sd', row.tasks[task]?.sd, values.length < 2 ? null : Math.sqrt(variance(values)));
  }
  const baseline = rows.find(({ label }) => label === comparison.baseline);
  const types = new Set(tasks.flatMap((task) => runs.map((run) => resultOf(run(task)).tasks[task]?.type)));
  const metric = types.has('binary') ? 'auc' : types.has('multiclass') ? 'macroAuc' : 'nmse';
  const means = types.size === 1 ? tasks.map((task) => mean(paired(row, baseline, task, metric).gains)) : [];
  const defined = means.length > 0 && !means.some(Number.isNaN);
  compare('meanGain', row.meanGain, defined ? mean(means) : null);
  compare('worstGain', row.worstGain, defined ? Math.min(...means) : null);
}

function compareInterval(
  kind: string,
  stored: readonly [number, number] | null,
  gain: number | null,
  half: number | null,
): void {
  compare(kind, stored?.[0], gain === null || half === null ? null : gain - half);
  compare(kind, stored?.[1], gain === null || half === null ? null : gain + half);
}

function compare(kind: string, stored: number | null | undefined, computed: number | null): void {
  if (typeof stored === 'number' && computed !== null)
    count(kind, Math.abs(stored - computed) / Math.max(1e-3, Math.abs(computed)));
  else agree(kind, (stored ?? null) === computed);
}

function agree(kind: string, isEqual: boolean): void {
  count(kind, isEqual ? 0 : Number.POSITIVE_INFINITY);
}

function count(kind: string, difference: number): void {
  numbers++;
  largest.set(kind, Math.max(largest.get(kind) ?? 0, difference));
}

function report(): void {
  for (const [kind, difference] of largest) console.log(`${kind.padEnd(13)} ${difference.toExponential(1)}`);
  const worst = Math.max(...largest.values());
  console.log(
    `${numbers} numbers of ${comparison.rows.length} rows and ${comparison.contrasts.length} contrasts ${worst <= tolerance ? 'agree' : 'DO NOT agree'}; ` +
      `largest difference ${worst.toExponential(1)}.`,
  );
  process.exitCode = worst <= tolerance ? 0 : 1;
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function covariance(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [mean(one), mean(other)];
  let products = 0;
  for (const [index, value] of one.entries()) products += (value - a) * ((other[index] ?? 0) - b);
  return products / (one.length - 1);
}

function variance(values: readonly number[]): number {
  return covariance(values, values);
}
