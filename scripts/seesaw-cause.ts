/**
 * What makes joint models lose on y1: the cells of configs/claims/seesaw-cause.yaml, what each removal changes on the same
 * draws, and the interactions. Reads the comparisons that the commands of seesaw-cause.yaml and of seesaw-cause-weight.yaml make,
 * and writes the columns of docs/claims/*.csv:
 *
 *     npm run claims:cause -- RUNS > docs/claims/seesaw-cause.csv
 *
 * Intervals are Student's, of 95 %, over draws. Where draws chose different rates the variance is corrected as the program does
 * (docs/statistics.md). PLE's words are by Holm over its removals.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison, Gain } from '../src/comparison/comparison.js';
import { type EstimateError, errorBelow, halfWidth } from '../src/comparison/statistics/estimate-error.js';
import { holm } from '../src/comparison/statistics/gain-family.js';
import { mean, standardDeviation } from '../src/comparison/statistics/variances.js';
import { csvOf } from '../src/report/gain-files.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run claims:cause -- RUNS   (the folder that holds claim-seesaw-cause and the others)';
const [runs] = wordsOf(usage, { allowPositionals: true }).positionals;
if (runs === undefined) refuse(usage, 'Give the folder of the comparisons.');

interface Cell {
  readonly folder: string;
  readonly noise: number;
  readonly width: '' | ', 4 x';
}
const base: Cell = { folder: 'claim-seesaw-cause', noise: 1, width: '' };
const related = { folder: 'claim-seesaw-cause-related' };
const [quiet, wide] = [{ noise: 0.01 }, { width: ', 4 x' } as const];
/** From the base; crossed cells follow. */
const removals: Readonly<Record<string, Partial<Cell>>> = {
  'no noise': quiet,
  related: related,
  'width 4': wide,
  'batch 512': { folder: 'claim-seesaw-cause-batch' },
  'weight .2': { folder: 'claim-seesaw-cause-weight' },
};
const crossed: Readonly<Record<string, Partial<Cell>>> = {
  'related without noise': { ...related, ...quiet },
  'width 4 without noise': { ...wide, ...quiet },
  'related and width 4': { ...related, ...wide },
  'related and width 4 without noise': { ...related, ...wide, ...quiet },
};
const delta = 10;
const models = ['hard-sharing', 'mmoe', 'cgc', 'ple'];

interface Gains {
  /** A seed each. */
  readonly draws: Gain['bySeed'];
  /** A rate was chosen at an end of its list. */
  readonly atEdge: boolean;
  /** Draws chose different rates. */
  readonly isMixed: boolean;
}

/** Null: not trained. */
function gainsOf(change: Partial<Cell>, model: string, task: string): Gains | null {
  const { folder, noise, width } = { ...base, ...change };
  const path = join(runs ?? '', folder, 'comparison.json');
  if (!existsSync(path)) return null;
  const { models, gains }: Comparison = JSON.parse(readFileSync(path, 'utf8'));
  const isHere = ({ point }: { point: Readonly<Record<string, unknown>> }) =>
    [noise, undefined].includes([point['dataset.noise']].flat()[1] as number | undefined);
  const label = `${model}${width}`;
  const family = width === '' ? 'models' : 'contrasts';
  const found = gains.find((gain) => {
    return gain.family === family && gain.model === label && gain.task === task && isHere(gain);
  });
  if (!found || found.bySeed.length === 0) return null;
  const sides = models.filter(
    (one) => isHere(one) && [model, 'single-task'].some((name) => one.label === name + width),
  );
  const isMixed = sides.some(({ mixed }) => mixed?.includes(task));
  return { draws: found.bySeed, atEdge: found.atEdge, isMixed };
}

interface Estimate {
  readonly mean: number;
  readonly error: EstimateError;
  readonly half: number;
}
function estimate({ draws, isMixed }: Omit<Gains, 'atEdge'>): Estimate {
  const values = draws.map(({ gain }) => gain);
  const overlap = isMixed ? 1 / (values.length - 1) : 0;
  const variance = standardDeviation(values) ** 2 * (1 / values.length + overlap);
  const error = { estimated: [{ variance, degreesOfFreedom: values.length - 1, runs: values.length }], known: 0 };
  return { mean: mean(values), error, half: halfWidth(0.05, error) };
}

const columns = ['table', 'reading', 'point', 'model', 'reference', 'task', 'unit', 'value'];
const lines: (string | number | null)[][] = [[...columns, 'gain', 'low', 'high', 'adjusted', 'draws']];
function line(table: string, point: string, model: string, task: string, gains: Gains, word?: string): void {
  const { mean, half } = estimate(gains);
  const shown = [mean, mean - half, mean + half].map((value) => Number(value.toPrecision(3)));
  const reference = table === 'cause-gains' ? 'single-task' : null;
  const said = word ?? (gains.atEdge ? 'rate at an end' : null);
  lines.push([table, null, point, model, reference, task, 'log points', null, ...shown, said, gains.draws.length]);
}

/** Whether PLE's loss goes away (above -δ), stays (below), or is open: one-sided tests at 2.5 %, Holm over the removals. */
function words(): Readonly<Record<string, string>> {
  const cells = Object.entries(removals).flatMap(([name, change]) => {
    const gains = gainsOf(change, 'ple', 'y1');
    if (gains === null) return [];
    const { mean, error } = estimate(gains);
    return [{ name, ...gains, isAbove: mean > -delta, p: 2 * errorBelow(-Math.abs(mean + delta), error) }];
  });
  const adjusted = holm(cells.map(({ p }) => p));
  return Object.fromEntries(
    cells.map(({ name, isAbove, atEdge }, index) => {
      const isShown = (adjusted[index] ?? 1) < 0.05 && !atEdge;
      return [name, isShown ? (isAbove ? 'goes away' : 'stays') : `open${atEdge ? ' (rate at an end)' : ''}`];
    }),
  );
}

/** Over the draws that both have. Null if one was not trained. */
function less(one: Gains | null, other: Gains | null): Gains | null {
  if (!one || !other) return null;
  return {
    draws: one.draws.flatMap(({ seed, gain }) => {
      const same = other.draws.find((draw) => draw.seed === seed);
      return same ? [{ seed, gain: gain - same.gain }] : [];
    }),
    atEdge: one.atEdge || other.atEdge,
    isMixed: one.isMixed || other.isMixed,
  };
}

const said = words();
for (const [name, change] of Object.entries({ base: {}, ...removals, ...crossed }))
  for (const model of models)
    for (const task of ['y1', 'y2']) {
      const gains = gainsOf(change, model, task);
      if (gains)
        line('cause-gains', name, model, task, gains, model === 'ple' && task === 'y1' ? said[name] : undefined);
    }
const crossings = [
  ['noise x width', quiet, wide],
  ['noise x relation', quiet, related],
  ['width x relation', wide, related],
] as const;
for (const model of models) {
  const y1 = (change: Partial<Cell>) => gainsOf(change, model, 'y1');
  for (const [name, change] of Object.entries(removals)) {
    const changed = less(y1(change), y1({}));
    if (changed) line('cause-removals', name, model, 'y1', changed);
  }
  for (const [name, one, other] of crossings) {
    const crossing = less(less(y1({ ...one, ...other }), y1(one)), less(y1(other), y1({})));
    if (crossing) line('cause-interactions', name, model, 'y1', crossing);
  }
}
process.stdout.write(csvOf(lines).replaceAll('\r', ''));
