/**
 * Does the test of a gain keep its level, and what does it find? Simulates tables without training, and prints the
 * family-wise error and the power of the program's test under Holm's method:
 *
 *     npm run study:statistics [-- --tables 2000 --cells 0/6]
 *     npm run study:statistics -- --cells choices    # gains between models whose settings were cross-fitted
 *
 * A table has a baseline, models and tasks, with some runs each. A run's metric has normal noise or that of Student's t
 * with three degrees of freedom; `spread` says whose standard deviation is larger, and how many times. The choice of
 * test rows adds a known variance b to each gain, `b/a` times that of the training noise of two models of spread 1. No
 * model has a true gain, or every second one has one of five standard errors.
 *
 * Rule: family-wise error at most .055 in every cell of spreads up to 3, at most .08 at 8, each but for three standard
 * errors of the simulation.
 *
 * `choices`: a gain of best against best. Settings are alike, fall in steps of one standard error of a mean, half of them
 * lie three below, or one is best; validation has the scores of the test, or noise of its own. A joint model chooses a
 * setting for two tasks; the second one's settings are alike, or in the reverse order.
 */
import { type EstimateError, normalBelow, twoSidedP } from '../src/comparison/statistics/estimate-error.js';
import { mean, sampleVariance, squeezedVariances } from '../src/comparison/statistics/variances.js';
import { keptSettings } from '../src/comparison/stored/kept-settings.js';
import { textTable } from '../src/report/text-table.js';
import { type Random, randomFromSeed } from '../src/support/random.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run study:statistics [-- --tables N --cells I/N|choices]';
const { values } = wordsOf(usage, { options: { tables: { type: 'string' }, cells: { type: 'string' } } });
const tables = Number(values.tables ?? 2000);
const [part = 0, parts = 1] = (values.cells ?? '0/1').split('/').map(Number); // NaN for `choices`
if (!Number.isInteger(tables) || tables < 1) refuse(usage, 'Give a number of tables.');

const level = 0.05;

// --- what is simulated
// -------------------------------------------------------------------------------------------------------------------

/** Standard deviation of a model in units of the others'; 0 is the baseline. */
const spreads: Readonly<Record<string, (factor: number) => (model: number, models: number) => number>> = {
  'every second': (factor) => (model) => (model > 0 && model % 2 === 0 ? factor : 1),
  'the first': (factor) => (model) => (model === 1 ? factor : 1),
  'the baseline': (factor) => (model) => (model === 0 ? factor : 1),
  graded: (factor) => (model, models) => factor ** (model / models),
};

interface Cell {
  readonly runs: number;
  /** In addition to the baseline. */
  readonly models: number;
  readonly tasks: number;
  readonly ratio: number;
  readonly spread: number;
  readonly whose: string;
  readonly heavy: boolean;
  /** Of the runs of one seed. */
  readonly correlation: number;
}

const plain = { tasks: 2, ratio: 0.2, spread: 1, whose: 'every second', heavy: false, correlation: 0 };
const shapes: readonly Partial<Cell>[] = [
  ...[0, 0.05, 0.2, 0.5, 2].map((ratio) => ({ ratio })),
  ...[2, 3, 8].flatMap((spread) =>
    Object.keys(spreads).flatMap((whose) => [0, 0.2].map((ratio) => ({ spread, whose, ratio }))),
  ),
  { heavy: true },
  { heavy: true, spread: 3 },
  { heavy: true, spread: 8, ratio: 0 },
  { correlation: 0.3 },
  { tasks: 1 },
  { tasks: 5 },
  { tasks: 5, spread: 3 },
];
const all: readonly Cell[] = [2, 3, 4, 5, 7, 10].flatMap((runs) =>
  [1, 2, 4, 10, 12].flatMap((models) => shapes.map((shape) => ({ ...plain, runs, models, ...shape }))),
);
const cells = all.filter((_, index) => index % parts === part);

interface Table {
  /** [task][model][run]; model 0 is the baseline. */
  readonly runs: readonly (readonly number[][])[];
  /** [task][model]: true gain plus the error of the test rows. */
  readonly shifts: readonly (readonly number[])[];
  readonly known: number;
}

function draw(cell: Cell, effect: number, random: Random): Table {
  const { runs, models, tasks, ratio, spread, whose, heavy, correlation } = cell;
  const noise = () => {
    if (!heavy) return random.normal();
    const chiSquare = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;
    return random.normal() / Math.sqrt(chiSquare); // t(3) / sqrt(3): variance 1
  };
  const known = (2 * ratio) / runs;
  const scales = Array.from({ length: models + 1 }, (_, model) => spreads[whose]?.(spread)(model, models) ?? 1);
  const [base = 1] = scales;
  const each = <Value>(make: () => Value) => Array.from({ length: tasks }, make);
  return {
    known,
    runs: each(() => {
      const common = Array.from({ length: runs }, noise);
      return scales.map((scale) =>
        common.map((shared) => scale * (Math.sqrt(correlation) * shared + Math.sqrt(1 - correlation) * noise())),
      );
    }),
    shifts: each(() =>
      scales.map((scale, model) => {
        const gain = model % 2 === 1 ? effect * Math.sqrt((scale ** 2 + base ** 2) / runs + known) : 0;
        return gain + Math.sqrt(known) * random.normal();
      }),
    ),
  };
}

// --- the test
// ----------------------------------------------------------------------------------------------------------------------------

/** p-values, [task][model]; that of the baseline is 1. */
function pValues({ runs, shifts, known }: Table): number[][] {
  const { variances } = squeezedVariances(runs);
  return runs.map((models, task) =>
    models.map((own, model) => {
      const [ofModel, ofBase] = [variances[task]?.[model], variances[task]?.[0]];
      if (model === 0 || !ofModel || !ofBase) return 1;
      const gain = mean(own) - mean(models[0] ?? []) + (shifts[task]?.[model] ?? 0);
      const estimated = [ofModel, ofBase].map((of) => ({
        ...of,
        variance: of.variance / own.length,
        runs: own.length,
      }));
      return fastP(gain, { estimated, known });
    }),
  );
}

// --- a faster p
// --------------------------------------------------------------------------------------------------------------------------

/** P(Z > z) by steps of .005. */
const above = Float64Array.from({ length: 8002 }, (_, index) => normalBelow(-index / 200));

function tail(z: number): number {
  const place = Math.min(z * 200, 8000);
  const low = Math.floor(place);
  return (above[low] ?? 0) + (place - low) * ((above[low + 1] ?? 0) - (above[low] ?? 0));
}

const grids = new Map<number, readonly (readonly [value: number, weight: number])[]>();

/** As `inverseChiSquares` of the program, coarser; degrees of freedom in steps of 1/20. */
function grid(degreesOfFreedom: number) {
  const df = Math.round(20 * degreesOfFreedom) / 20;
  const known = grids.get(df);
  if (known) return known;
  const step = 0.9 / Math.sqrt(2 * df);
  const weightAt = (index: number) => Math.exp(df * (index * step - Math.expm1(2 * index * step) / 2));
  let [first, last] = [0, 0];
  while (weightAt(first) > 1e-7) first--;
  while (weightAt(last) > 1e-7) last++;
  const places = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const whole = places.reduce((sum, place) => sum + weightAt(place), 0);
  const made = places.map((place) => [Math.exp(-2 * place * step), weightAt(place) / whole] as const);
  grids.set(df, made);
  return made;
}

function fastP(gain: number, { estimated: [one, other], known }: EstimateError): number {
  if (!one || !other) return 1;
  const size = Math.abs(gain);
  const others = grid(other.degreesOfFreedom);
  let p = 0;
  for (const [value, weight] of grid(one.degreesOfFreedom)) {
    const sum = known + one.variance * value;
    for (const [factor, share] of others) p += weight * share * tail(size / Math.sqrt(sum + other.variance * factor));
  }
  return Math.min(1, 2 * p);
}

for (const gain of [1, 3, 6, 12]) {
  const estimated = [4, 10.5].map((degreesOfFreedom, index) => ({
    variance: 1 - 0.3 * index,
    degreesOfFreedom,
    runs: 5,
  }));
  const [fast, exact] = [fastP(gain, { estimated, known: 0.2 }), twoSidedP(gain, { estimated, known: 0.2 })];
  if (Math.abs(fast / exact - 1) > 0.01) throw new Error(`The faster p is ${fast} instead of ${exact}.`);
}

// --- the simulation
// ----------------------------------------------------------------------------------------------------------------------

/** Holm's method: whether a true null is rejected, and the share of true gains that are found. */
function holm(p: readonly number[][], effect: number): { readonly wrong: boolean; readonly found: number } {
  const all = p.flatMap((models) =>
    models.slice(1).map((value, index) => ({ value, real: effect > 0 && index % 2 === 0 })),
  );
  let [wrong, found] = [false, 0];
  for (const [index, { value, real }] of all.toSorted((a, b) => a.value - b.value).entries()) {
    if (value * (all.length - index) >= level) break;
    if (real) found += 1;
    else wrong = true;
  }
  return { wrong, found: found / Math.max(1, all.filter(({ real }) => real).length) };
}

function simulate(cell: Cell, random: Random) {
  let [error, power] = [0, 0];
  for (let index = 0; index < tables; index++) error += Number(holm(pValues(draw(cell, 0, random)), 0).wrong) / tables;
  const some = Math.ceil(tables / 4); // power needs fewer
  for (let index = 0; index < some; index++) power += holm(pValues(draw(cell, 5, random)), 5).found / some;
  const limit = (cell.spread > 3 ? 0.08 : 0.055) + 3 * Math.sqrt((0.055 * 0.945) / tables);
  return { error, power, beyond: error > limit };
}

const random = randomFromSeed(1).stream('study');
const short = (value: number) => value.toFixed(3);
function studyTables(): void {
  const measured = cells.map((cell, index) => {
    if (index % 50 === 0) process.stderr.write(`${index} of ${cells.length} cells\n`);
    return { ...cell, ...simulate(cell, random.stream(JSON.stringify(cell))) };
  });
  console.log(`Family-wise error and power, ${tables} tables a cell\n`);
  console.log(
    textTable(
      [...Object.keys(plain), 'runs', 'models', 'error', 'power'],
      measured.map(({ beyond: _, error, power, ...cell }) => [
        ...Object.values(cell).map(String),
        short(error),
        short(power),
      ]),
    ),
  );
  console.log('\nThe rule\n');
  console.log(
    textTable(
      ['runs', 'cells', 'worst error, spreads to 3', 'at 8', 'cells beyond the limit', 'mean power'],
      [2, 3, 4, 5, 7, 10].map((runs) => {
        const own = measured.filter((one) => one.runs === runs);
        const worst = (large: boolean) =>
          short(Math.max(0, ...own.filter(({ spread }) => spread > 3 === large).map(({ error }) => error)));
        const beyond = own.filter((one) => one.beyond).length;
        return [runs, own.length, worst(false), worst(true), beyond, short(mean(own.map(({ power }) => power)))];
      }),
    ),
  );
}

// --- best against best
// -------------------------------------------------------------------------------------------------------------------

/** The truth of each setting in standard errors of a mean. */
const patterns: Readonly<Record<string, (setting: number, settings: number) => number>> = {
  alike: () => 0,
  steps: (setting) => -setting,
  'half good': (setting, settings) => (setting < settings / 2 ? 0 : -3),
  'one best': (setting) => (setting === 0 ? 0 : -8),
};

/** Joint models choose a setting by the mean of two tasks; their effect is a loss. */
const designs = {
  independent: { isPaired: false, isJoint: false, effect: 4, others: [undefined] },
  draws: { isPaired: true, isJoint: false, effect: 4, others: [undefined] },
  joint: { isPaired: false, isJoint: true, effect: -4, others: [0, -0.5, -1, -2] },
};

interface Size {
  readonly isPaired: boolean;
  readonly isJoint: boolean;
  readonly settings: number;
  readonly seeds: number;
  /** Whether validation has the scores of the test. */
  readonly isSame: boolean;
}

/** A model: its settings' pattern and how far its chosen one is above 0. */
interface Model {
  readonly pattern: string;
  readonly shift: number;
  /** A second task's truth, in units of the first one's. Undefined: the setting is chosen for one task. */
  readonly other?: number | undefined;
}

/** The test values of the settings that validation keeps: [setting][seed]. */
function drawKept({ pattern, shift, other }: Model, { settings, seeds, isSame }: Size) {
  const noise = () => Array.from({ length: seeds }, () => random.normal());
  const truthOf = (setting: number) => (patterns[pattern]?.(setting, settings) ?? 0) / Math.sqrt(seeds);
  const chosen = other !== undefined && other < -1 ? settings - 1 : 0; // the best in the mean of the tasks
  const drawn = Array.from({ length: settings }, (_, setting) => {
    const truth = truthOf(setting) - truthOf(chosen) + shift;
    const test = noise().map((value) => truth + value);
    const y = isSame ? test : noise().map((value) => truth + value);
    return { test, y, z: noise().map((value) => (other ?? 0) * truthOf(setting) + value) };
  });
  const candidates = drawn.map(({ y, z }, setting) => ({
    values: { setting },
    chosenFor: [],
    runs: y.map((score, seed) => ({
      ...{ seed, path: '', epochs: 1, trained: true },
      scores: { y: score, z: z[seed] ?? 0 },
    })),
  }));
  const groups = [other === undefined ? ['y'] : ['y', 'z']];
  const [kept] = keptSettings({ label: '', point: {}, groups, candidates });
  return kept?.candidates.map(({ values }) => drawn[Number(values['setting'])]?.test ?? []) ?? [];
}

/** Two-sided p of best against best. */
function pBest(model: readonly number[][], reference: readonly number[][], { isPaired, isJoint }: Size): number {
  const errorOf = (values: readonly number[]) => {
    const { variance = 0, degreesOfFreedom = 1 } = sampleVariance(values) ?? {};
    return { variance: variance / values.length, degreesOfFreedom, runs: values.length };
  };
  const none = { variance: 0, degreesOfFreedom: 100, runs: 1 };
  const above = model.map((one) =>
    reference.map((other) => {
      const gains = one.map((value, seed) => value - (other[seed] ?? 0));
      const p = fastP(mean(gains), {
        estimated: isPaired ? [errorOf(gains), none] : [errorOf(one), errorOf(other)],
        known: 0,
      });
      return mean(gains) > 0 ? p / 2 : 1 - p / 2; // of the hypothesis that the gain is at most 0
    }),
  );
  const best = (largest: readonly number[]) => largest.length * Math.min(...largest);
  const largest = above.map((ofModel) => Math.max(...ofModel));
  const below = reference.map((_, other) => Math.max(...above.map((ofModel) => 1 - (ofModel[other] ?? 0))));
  return 2 * Math.min(isJoint ? Math.max(...largest) : best(largest), best(below));
}

function studyChoices(): void {
  const share = (model: Model, reference: string, size: Size) => {
    let found = 0;
    for (let index = 0; index < tables; index++) {
      const [one, other] = [drawKept(model, size), drawKept({ pattern: reference, shift: 0 }, size)];
      found += Number(pBest(one, other, size) < level) / tables;
    }
    return found;
  };
  const names = Object.keys(patterns);
  const rows = Object.entries(designs).flatMap(([design, { effect, others, ...is }]) =>
    [5, 10, 20, 40].flatMap((seeds) =>
      [2, 4, 8].map((settings) => {
        const errors = others.flatMap((other) =>
          names.flatMap((pattern) =>
            names.flatMap((reference) =>
              [true, false].map((isSame) =>
                share({ pattern, shift: 0, other }, reference, { ...is, settings, seeds, isSame }),
              ),
            ),
          ),
        );
        const powers = ['alike', 'one best'].map((pattern) => {
          const model = { pattern, shift: effect * Math.sqrt(2 / seeds), other: others[0] };
          return short(share(model, pattern, { ...is, settings, seeds, isSame: true }));
        });
        process.stderr.write(`${design}, ${seeds} seeds, ${settings} settings\n`);
        return [design, seeds, settings, errors.length, short(Math.max(...errors)), ...powers];
      }),
    ),
  );
  console.log(`Best against best: worst error of patterns, and power at four standard errors, ${tables} tables each\n`);
  const columns = ['design', 'seeds', 'settings', 'patterns', 'worst error', 'power, alike', 'power, one best'];
  console.log(textTable(columns, rows));
}

if (values.cells === 'choices') studyChoices();
else studyTables();
