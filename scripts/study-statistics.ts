/**
 * Which test of gains finds most while it keeps its promise? Simulates tables of gains without training, and prints family-wise error, power
 * and coverage of each candidate, the choice that follows, and the same of equivalence and of repeated looks:
 *
 *     npm run study:statistics [-- --tables 1000 --again 10000]
 *
 * A table has a baseline and models, tasks and seeds. A model's result is a normal or a t variable with three degrees of freedom, which
 * depend on those of its other tasks; models may differ in their standard deviation up to eightfold. No model has a true gain, or every
 * second one has one of five standard errors on all tasks.
 */
import trigamma from '@stdlib/math-base-special-trigamma';
import { spendingLevels } from '../src/comparison/statistics/alpha-spending.js';
import { criticalValue, normalBelow } from '../src/comparison/statistics/distributions.js';
import { mean } from '../src/comparison/statistics/gain-error.js';
import { testFamily } from '../src/comparison/statistics/gain-family.js';
import { fewestModerated, inverseTrigamma, moderation } from '../src/comparison/statistics/moderation.js';
import { textTable } from '../src/report/text-table.js';
import { type Random, randomFromSeed } from '../src/support/random.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run study:statistics [-- --tables N --again N]';
const { values } = wordsOf(usage, { options: { tables: { type: 'string' }, again: { type: 'string' } } });
const [tables, again] = [Number(values.tables ?? 1000), Number(values.again ?? 10_000)];
if (![tables, again].every((count) => Number.isInteger(count) && count > 0)) refuse(usage, 'Give numbers of tables.');

const level = 0.05;
/** Family-wise error that a candidate may have in any cell. */
const most = 0.055;
/** Cells at which a candidate comes this near to the limit are simulated again, with more tables. */
const near = 0.05;
/** A candidate is out where its error is above the limit by more than this many standard errors of the simulation. */
const doubt = 3;
/** Power by which max-|t| has to be ahead of Holm's method, which needs no assumption on how gains depend on each other. */
const simpler = 0.02;

// --- what is simulated ------------------------------------------------------------------------------------------------------------------

/** Standard deviations; index 0 is the baseline, `models` the number of others. */
const spreads: Readonly<Record<string, (index: number, models: number) => number>> = {
  equal: () => 1,
  'one model x3': (index, models) => (index === models ? 3 : 1),
  'one model x8': (index, models) => (index === models ? 8 : 1),
  'half x8': (index) => (index % 2 === 1 ? 8 : 1),
  'from 1 to 8': (index, models) => 8 ** (index / models),
  'baseline x3': (index) => (index === 0 ? 3 : 1),
  'baseline x8': (index) => (index === 0 ? 8 : 1),
  'baseline /8': (index) => (index === 0 ? 1 : 8),
};

interface Cell {
  readonly seeds: number;
  /** Beside the baseline. */
  readonly models: number;
  readonly tasks: number;
  readonly spread: string;
  readonly noise: 'normal' | 't(3)';
  /** Of a model's results on two tasks. */
  readonly correlation: number;
  /** True gain of every second model, in standard errors. */
  readonly effect: number;
}

const cells: Cell[] = [3, 4, 5, 7, 10].flatMap((seeds) =>
  [2, 3, 5, 11].flatMap((models) =>
    [1, 2, 5].flatMap((tasks) =>
      Object.keys(spreads).flatMap((spread) =>
        (['normal', 't(3)'] as const).flatMap((noise) =>
          (tasks === 1 ? [0] : [0, 0.8]).flatMap((correlation) =>
            [0, 5].map((effect) => ({ seeds, models, tasks, spread, noise, correlation, effect })),
          ),
        ),
      ),
    ),
  ),
);

/** [task][model][seed], the model's result less the baseline's. */
type Differences = readonly (readonly number[][])[];

interface Table {
  readonly differences: Differences;
  /** [task][0 to models][seed] */
  readonly results: readonly (readonly number[][])[];
}

function draw({ seeds, models, tasks, spread, noise, correlation }: Omit<Cell, 'effect'>, random: Random): Table {
  const spreadOf = spreads[spread] ?? (() => 1);
  const results = Array.from({ length: tasks }, () =>
    Array.from({ length: models + 1 }, () => new Array<number>(seeds).fill(0)),
  );
  const [shared, own] = [Math.sqrt(correlation), Math.sqrt(1 - correlation)];
  for (let index = 0; index <= models; index++) {
    const scale = spreadOf(index, models);
    for (let seed = 0; seed < seeds; seed++) {
      const common = random.normal();
      const tail =
        noise === 'normal' ? 1 : Math.sqrt(3 / (random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2));
      for (const ofTask of results) {
        const row = ofTask[index];
        if (row) row[seed] = scale * tail * (shared * common + own * random.normal());
      }
    }
  }
  const differences = results.map(([baseline = [], ...others]) =>
    others.map((row) => row.map((value, seed) => value - (baseline[seed] ?? 0))),
  );
  return { differences, results };
}

/** Standard deviation of a mean difference, in units of the noise. */
function trueError({ seeds, models, spread, noise }: Cell, index: number): number {
  const spreadOf = spreads[spread] ?? (() => 1);
  const variance = noise === 'normal' ? 1 : 3; // of t(3)
  return Math.sqrt((variance * (spreadOf(index, models) ** 2 + spreadOf(0, models) ** 2)) / seeds);
}

// --- candidates -------------------------------------------------------------------------------------------------------------------------

/** Squared standard errors of all gains, task by task, and their degrees of freedom, one number for all. */
interface Errors {
  readonly variances: readonly (readonly number[])[];
  readonly degreesOfFreedom: number;
}

const variance = (row: readonly number[]): number => {
  const centre = mean(row);
  let squares = 0;
  for (const value of row) squares += (value - centre) ** 2;
  return squares / (row.length - 1);
};

function paired({ differences }: Table): Errors {
  const seeds = differences[0]?.[0]?.length ?? 0;
  return {
    variances: differences.map((rows) => rows.map((row) => variance(row) / seeds)),
    degreesOfFreedom: seeds - 1,
  };
}

/** One residual variance for a task: seeds are blocks, models treatments. */
function pooled({ results, differences }: Table): Errors {
  const [models, seeds] = [results[0]?.length ?? 0, results[0]?.[0]?.length ?? 0];
  const variances = results.map((rows, task) => {
    const ofSeeds = Array.from({ length: seeds }, (_, seed) => mean(rows.map((row) => row[seed] ?? 0)));
    const whole = mean(ofSeeds);
    let squares = 0;
    for (const row of rows) {
      const ofModel = mean(row);
      for (const [seed, value] of row.entries()) squares += (value - ofModel - (ofSeeds[seed] ?? 0) + whole) ** 2;
    }
    const residual = squares / ((models - 1) * (seeds - 1));
    return (differences[task] ?? []).map(() => (2 * residual) / seeds);
  });
  return { variances, degreesOfFreedom: (models - 1) * (seeds - 1) };
}

/** Smyth (2004): the prior by the moments of the log variances; of all tasks together, towards a scale of each. */
function smyth(table: Table): Errors {
  const own = paired(table);
  const degrees = own.degreesOfFreedom;
  const logs = own.variances.map((row) => row.map(Math.log));
  const centres = logs.map(mean);
  let [squares, count] = [0, 0];
  for (const [task, row] of logs.entries()) {
    for (const log of row) squares += (log - (centres[task] ?? 0)) ** 2;
    count += row.length - 1;
  }
  const prior = 2 * inverseTrigamma(squares / count - trigamma(degrees / 2));
  const offset = (df: number) => (Number.isFinite(df) ? digamma(df / 2) - Math.log(df / 2) : 0);
  const share = Number.isFinite(prior) ? prior / (prior + degrees) : 1;
  return {
    variances: own.variances.map((row, task) => {
      const common = Math.exp((centres[task] ?? 0) - offset(degrees) + offset(prior));
      return row.map((value) => share * common + (1 - share) * value);
    }),
    degreesOfFreedom: Math.min(prior + degrees, count * degrees),
  };
}

/** What `ple` does: `src/comparison/statistics/moderation.ts`, and the paired test where that does not moderate. */
function moderated(table: Table): Errors {
  const own = paired(table);
  const found = moderation(table.differences);
  if (!found) return own;
  let degreesOfFreedom = own.degreesOfFreedom;
  const variances = own.variances.map((row, task) =>
    row.map((value) => {
      const error = found.moderate(
        { variance: value, degreesOfFreedom: own.degreesOfFreedom },
        own.degreesOfFreedom + 1,
        task,
      );
      degreesOfFreedom = error.degreesOfFreedom;
      return error.variance;
    }),
  );
  return { variances, degreesOfFreedom };
}

function digamma(x: number): number {
  let [sum, at] = [0, x];
  for (; at < 8; at++) sum -= 1 / at;
  const inverse = 1 / (at * at);
  return sum + Math.log(at) - 0.5 / at - inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252));
}

interface Candidate {
  readonly name: string;
  readonly errors: (table: Table) => Errors;
  readonly rule: 'Holm' | 'max-|t|';
}

const candidates: readonly Candidate[] = Object.entries({
  paired,
  pooled,
  'moderated (Smyth 2004)': smyth,
  'moderated (ple)': moderated,
}).flatMap(([name, errors]) => [
  { name: `${name}, Holm`, errors, rule: 'Holm' },
  { name: `${name}, max-|t|`, errors, rule: 'max-|t|' },
]);
/** The test of ple until schema 2 of comparison.json: the paired t test with Holm's method. */
const before = 'paired, Holm';
const inUse = 'moderated (ple), Holm';

// --- step-down tests --------------------------------------------------------------------------------------------------------------------

const critical = new Map<string, number>();

/** Of the two-sided t test; degrees of freedom to one decimal. */
function criticalAt(alpha: number, degreesOfFreedom: number): number {
  const df = degreesOfFreedom > 500 ? Number.POSITIVE_INFINITY : Math.round(10 * degreesOfFreedom) / 10;
  const key = `${alpha} ${df}`;
  const known = critical.get(key) ?? criticalValue(alpha, df);
  critical.set(key, known);
  return known;
}

/** Dunnett's max-|t| of `open` models of each task, their gains sharing a baseline of equal variance; tasks as if independent. */
function maximalP(statistic: number, open: readonly number[], df: number, common: boolean): number {
  return 1 - Math.exp(open.reduce((sum, models) => sum + logBelow(statistic, models, df, common), 0));
}

const grid = { step: 0.1, points: 141, df: [2, 3, 4, 5, 6, 8, 10, 13, 18, 25, 40, 80, 1000] } as const;
const dunnett = new Map<string, Float64Array>();

/** log P(max of |t| <= c), interpolated in c and in 1 / df. @param common One estimate of the variance for all models of a task. */
function logBelow(c: number, models: number, df: number, common: boolean): number {
  if (models === 0) return 0;
  const at = (degrees: number) => {
    const key = `${models} ${degrees} ${common}`;
    const known = dunnett.get(key) ?? dunnettTable(models, degrees, common);
    dunnett.set(key, known);
    const place = Math.min(c / grid.step, grid.points - 1.001);
    const low = Math.floor(place);
    return (known[low] ?? 0) + (place - low) * ((known[low + 1] ?? 0) - (known[low] ?? 0));
  };
  const above = grid.df.findIndex((degrees) => degrees >= df);
  const [low, high] = [grid.df[above - 1] ?? grid.df[0], grid.df[above] ?? 1000];
  if (low === high || above <= 0) return at(high);
  const share = (1 / low - 1 / df) / (1 / low - 1 / high);
  return at(low) * (1 - share) + at(high) * share;
}

function dunnettTable(models: number, df: number, common: boolean): Float64Array {
  const normals = Array.from({ length: 60 }, (_, i) => -6 + (12 * (i + 0.5)) / 60);
  const weights = normals.map((z) => (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * (12 / 60));
  const scales = Array.from({ length: 60 }, (_, i) =>
    Math.exp((-3 + (5 * (i + 0.5)) / 60) * Math.min(1, 2 / Math.sqrt(df))),
  );
  const raw = scales.map((s) => Math.exp(df * (Math.log(s) - (s * s - 1) / 2)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from({ length: grid.points }, (_, index) => {
    const c = Math.SQRT2 * index * grid.step;
    const within = (z: number, s: number) => normalBelow(c * s + z) - normalBelow(z - c * s);
    let sum = 0;
    for (const [i, z] of normals.entries()) {
      const each = scales.map((s) => within(z, s));
      const of = (power: number) =>
        each.reduce((whole, value, k) => whole + ((raw[k] ?? 0) / total) * value ** power, 0);
      sum += (weights[i] ?? 0) * (common ? of(models) : of(1) ** models);
    }
    return Math.log(Math.max(sum, 1e-12));
  });
}

interface Tested {
  /** [task * models + model] */
  readonly rejected: readonly boolean[];
  /** Whether all simultaneous intervals hold their true gains: Bonferroni's, or those of max-|t|. */
  readonly covered: boolean;
}

function stepDown(
  table: Differences,
  truth: readonly number[],
  { variances, degreesOfFreedom: df }: Errors,
  rule: string,
  common: boolean,
): Tested {
  const models = table[0]?.length ?? 0;
  const gains = table.flatMap((rows, task) =>
    rows.map((row, model) => {
      const [gain, se] = [mean(row), Math.sqrt(variances[task]?.[model] ?? 0)];
      const shift = truth[model] ?? 0;
      return { task, index: task * models + model, t: (gain + shift) / se, off: Math.abs(gain) / se, shift };
    }),
  );
  const rejected = new Array<boolean>(gains.length).fill(false);
  const open = table.map(() => models);
  let left = gains.length;
  for (const { task, index, t } of gains.toSorted((a, b) => Math.abs(b.t) - Math.abs(a.t))) {
    const isBeyond =
      rule === 'Holm' ? Math.abs(t) > criticalAt(level / left, df) : maximalP(Math.abs(t), open, df, common) < level;
    if (!isBeyond) break;
    rejected[index] = true;
    open[task] = (open[task] ?? 0) - 1;
    left -= 1;
  }
  const all = table.map(() => models);
  const covered = gains.every(({ off }) =>
    rule === 'Holm' ? off <= criticalAt(level / gains.length, df) : maximalP(off, all, df, common) >= level,
  );
  return { rejected, covered };
}

// --- the simulation ---------------------------------------------------------------------------------------------------------------------

interface Rates {
  readonly tables: number;
  readonly error: number;
  readonly power: number;
  readonly coverage: number;
}

function simulate(
  cell: Cell,
  tested: readonly Candidate[],
  count: number,
  random: Random,
): ReadonlyMap<Candidate, Rates> {
  const truth = Array.from({ length: cell.models }, (_, model) =>
    model % 2 === 0 ? cell.effect * trueError(cell, model + 1) : 0,
  );
  const isReal = (at: number) => truth[at % cell.models] !== 0;
  const real = truth.filter((shift) => shift !== 0).length * cell.tasks;
  const sums = tested.map((candidate) => ({ candidate, error: 0, power: 0, coverage: 0 }));
  for (let repeat = 0; repeat < count; repeat++) {
    const table = draw(cell, random);
    const known = new Map<Candidate['errors'], Errors>();
    for (const sum of sums) {
      const { errors, rule } = sum.candidate;
      const found = known.get(errors) ?? errors(table);
      known.set(errors, found);
      const { rejected, covered } = stepDown(table.differences, truth, found, rule, errors === pooled);
      if (rejected.some((is, at) => is && !isReal(at))) sum.error += 1;
      if (real > 0) sum.power += rejected.filter((is, at) => is && isReal(at)).length / real;
      if (covered) sum.coverage += 1;
    }
  }
  return new Map(
    sums.map(({ candidate, error, power, coverage }) => [
      candidate,
      { tables: count, error: error / count, power: power / count, coverage: coverage / count },
    ]),
  );
}

interface Measured {
  readonly cell: Cell;
  readonly rates: ReadonlyMap<Candidate, Rates>;
}

function describe({ seeds, models, tasks, spread, noise, correlation, effect }: Cell): string {
  return [
    `${seeds} seeds, ${models + 1} models, ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`,
    spread,
    ...(noise === 'normal' ? [] : [noise]),
    ...(correlation === 0 ? [] : ['correlated tasks']),
    ...(effect === 0 ? [] : ['half with gains']),
  ].join(', ');
}

const random = randomFromSeed(1).stream('study');
let last = performance.now();
function progress(what: string, done: number, of: number): void {
  if (performance.now() - last < 10_000 && done < of) return;
  last = performance.now();
  process.stderr.write(`${what}: ${done} of ${of} cells\n`);
}

const measured = cells.map((cell, index): Measured => {
  const rates = simulate(cell, candidates, tables, random.stream(`cell ${index}`));
  progress('simulated', index + 1, cells.length);
  return { cell, rates };
});

/** Errors of the simulation itself: of a share that is this large. */
const doubtOf = ({ tables: count }: Rates) => doubt * Math.sqrt((most * (1 - most)) / count);
const isPlausible = (candidate: Candidate) =>
  measured.every(({ rates }) => {
    const found = rates.get(candidate);
    return found !== undefined && found.error <= most + doubtOf(found);
  });

// A rate over few tables is uncertain: what comes near to the limit is simulated again, for candidates that still may be chosen.
const plausible = candidates.filter(isPlausible);
const close = measured.filter(({ rates }) => plausible.some((candidate) => (rates.get(candidate)?.error ?? 0) > near));
const refined = new Map(
  close.map(({ cell }, index) => {
    const rates = simulate(cell, plausible, again, random.stream(`again ${index}`));
    progress(`simulated again with ${again} tables`, index + 1, close.length);
    return [cell, rates] as const;
  }),
);
const ratesOf = ({ cell, rates }: Measured, candidate: Candidate): Rates => {
  const found = refined.get(cell)?.get(candidate) ?? rates.get(candidate);
  if (!found) throw new Error(`${candidate.name} was not simulated.`);
  return found;
};

// --- what follows -----------------------------------------------------------------------------------------------------------------------

const summaries = candidates.map((candidate) => {
  const all = measured.map((one) => ({ ...one, own: ratesOf(one, candidate) }));
  const [worst] = all.toSorted((a, b) => b.own.error - a.own.error);
  const withGains = all.filter(({ cell }) => cell.effect > 0);
  const power = (of: readonly (typeof all)[number][]) => mean(of.map(({ own }) => own.power));
  return {
    candidate,
    worst,
    above: all.filter(({ own }) => own.error > most + doubtOf(own)).length,
    coverage: Math.min(...all.map(({ own }) => own.coverage)),
    equal: power(withGains.filter(({ cell }) => cell.spread === 'equal')),
    unequal: power(withGains.filter(({ cell }) => cell.spread !== 'equal')),
    power: power(withGains),
  };
});

console.log(
  `${cells.length} cells of ${tables} tables each; ${close.length} of them again with ${again}, for candidates that come near to the limit.\n`,
);
console.log(
  textTable(
    [
      'test',
      'worst family-wise error',
      'cells above .055 beyond doubt',
      'power, equal spreads',
      'power, unequal',
      'least coverage',
    ],
    summaries.map(({ candidate, worst, above, equal, unequal, coverage }) => [
      candidate.name,
      (worst?.own.error ?? 0).toFixed(3),
      above,
      equal.toFixed(3),
      unequal.toFixed(3),
      coverage.toFixed(3),
    ]),
  ),
);
for (const { candidate, worst } of summaries)
  console.log(`${candidate.name}: worst with ${worst ? describe(worst.cell) : ''}`);

const holding = summaries.filter(({ above }) => above === 0).toSorted((a, b) => b.power - a.power);
const [best] = holding;
const [nearest] = summaries.toSorted((a, b) => (a.worst?.own.error ?? 1) - (b.worst?.own.error ?? 1));
const chosen =
  holding.find(({ candidate, power }) => candidate.rule === 'Holm' && power > (best?.power ?? 0) - simpler) ??
  best ??
  nearest;
console.log(
  `\nTests whose family-wise error is at most ${most} in all cells, within the simulation's error: ${holding.map(({ candidate }) => candidate.name).join('; ') || 'none'}.`,
);
console.log(
  best
    ? `Chosen: ${chosen?.candidate.name}, the most powerful of them; Holm's method before max-|t| unless that is ahead by more than ${simpler} in power.`
    : `Chosen: ${chosen?.candidate.name}, whose worst error is the smallest, since none is within the limit.`,
);
console.log(
  `The variance is moderated from ${fewestModerated.pairs} seeds and ${fewestModerated.gains} models beside the baseline; with fewer the paired test is used.`,
);
if (chosen?.candidate.name !== inUse) {
  console.error(`ple uses another test: ${inUse}.`);
  process.exitCode = 1;
}

const [own, old] = [inUse, before].map((name) => candidates.find((candidate) => candidate.name === name));
console.log(
  `\nPower of ${inUse}, and of the paired test with Holm's method, by seeds and models beside the baseline (equal spreads, gains of five standard errors):\n`,
);
console.log(
  textTable(
    ['models', ...[3, 4, 5, 7, 10].map((seeds) => `${seeds} seeds`)],
    [2, 3, 5, 11].map((models) => [
      String(models),
      ...[3, 4, 5, 7, 10].map((seeds) => {
        const here = measured.filter(
          ({ cell }) => cell.seeds === seeds && cell.models === models && cell.effect > 0 && cell.spread === 'equal',
        );
        const power = (candidate: Candidate | undefined) =>
          candidate ? mean(here.map((one) => ratesOf(one, candidate).power)).toFixed(2) : '';
        return `${power(own)} (${power(old)})`;
      }),
    ]),
    [true, true, true, true, true, true],
  ),
);

equivalence();
looks();

/** Gains at the very margin are not to be called equivalent, in half of the models; the others have none. */
function equivalence(): void {
  const rows = [5, 10].flatMap((seeds) =>
    (['equal', 'one model x3', 'from 1 to 8'] as const).map((spread, index) => {
      const cell: Cell = { seeds, models: 5, tasks: 2, spread, noise: 'normal', correlation: 0, effect: 0 };
      const stream = random.stream(`equivalence ${seeds} ${index}`);
      let [wrong, found] = [0, 0];
      for (let repeat = 0; repeat < again; repeat++) {
        const table = draw(cell, stream);
        const { variances, degreesOfFreedom } = moderated(table);
        const margins = Array.from({ length: cell.models }, (_, model) => 6 * trueError(cell, model + 1));
        const members = table.differences.flatMap((models, task) =>
          models.map((values, model) => ({
            gain: mean(values) + (model % 2 === 0 ? (margins[model] ?? 0) : 0),
            margin: margins[model] ?? 0,
            error: { variance: variances[task]?.[model] ?? 0, degreesOfFreedom },
          })),
        );
        const isWithin = testFamily(members, level).map(({ pEquivalent }) => (pEquivalent ?? 1) < level);
        if (isWithin.some((is, at) => is && (at % cell.models) % 2 === 0)) wrong += 1;
        found += isWithin.filter((is, at) => is && (at % cell.models) % 2 === 1).length / 4;
      }
      return [`${seeds} seeds, ${spread}`, (wrong / again).toFixed(3), (found / again).toFixed(3)];
    }),
  );
  console.log(
    '\nEquivalence (6 models, 2 tasks; margins of six standard errors, every second gain at its margin, the others 0):\n',
  );
  console.log(textTable(['', 'chance of a false claim', 'power'], rows, [false, true, true]));
}

/** Tables without any true gain, looked at again and again. */
function looks(): void {
  const counts = [5, 10, 15, 20, 25, 30];
  const [models, tasks] = [10, 2];
  const gains = models * tasks;
  const planned = spendingLevels(
    counts.map((count) => count / 30),
    level / gains,
  ).map((share) => share * gains);
  const plans = {
    'one look, at 30 seeds': [0, 0, 0, 0, 0, level],
    'six looks, alpha spending': planned,
    'six looks, each at .05': counts.map(() => level),
    'a second look by hand, at .025': [level, level / 2, 0, 0, 0, 0],
    'a second look, without paying': [level, level, 0, 0, 0, 0],
  };
  const repeats = Math.max(1, Math.round(again / 4));
  const rows = (['equal', 'from 1 to 8'] as const).flatMap((spread) =>
    (['normal', 't(3)'] as const).map((noise) => {
      const cell = { seeds: 30, models, tasks, spread, noise, correlation: 0 };
      const stream = random.stream(`looks ${spread} ${noise}`);
      const wrong = Object.values(plans).map(() => 0);
      for (let repeat = 0; repeat < repeats; repeat++) {
        const { differences, results } = draw(cell, stream);
        const smallest = counts.map((count) => {
          const part = <Row extends readonly number[]>(rows: readonly Row[]) => rows.map((row) => row.slice(0, count));
          const table = { differences: differences.map(part), results: results.map(part) };
          const { variances, degreesOfFreedom } = moderated(table);
          const members = table.differences.flatMap((ofTask, task) =>
            ofTask.map((values, model) => ({
              gain: mean(values),
              margin: null,
              error: { variance: variances[task]?.[model] ?? 0, degreesOfFreedom },
            })),
          );
          return Math.min(...testFamily(members, level).map(({ pHolm }) => pHolm ?? 1));
        });
        for (const [index, levels] of Object.values(plans).entries())
          if (smallest.some((p, look) => p < (levels[look] ?? 0))) wrong[index] = (wrong[index] ?? 0) + 1;
      }
      return [`${spread}, ${noise}`, ...wrong.map((count) => (count / repeats).toFixed(3))];
    }),
  );
  console.log(
    `\nFamily-wise error of repeated looks at 5, 10, …, 30 seeds (11 models, 2 tasks, no true gain; ${repeats} tables a row):\n`,
  );
  console.log(textTable(['', ...Object.keys(plans)], rows, [false, true, true, true, true, true]));
}
