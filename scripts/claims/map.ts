// Where PLE is worth it: over correlation, share of labels and number of tasks.
import { join } from 'node:path';
import type { ComparisonRow } from '../../src/comparison/comparison.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables, Variant } from './claim.js';
import { type Estimate, errorRatios, estimandTable, estimated, intervalText, verdictOn } from './estimand.js';
import { drawMap } from './map-picture.js';
import { type Model, modelsOf } from './models.js';
import { ifSettled, markdown } from './tables.js';

const shares = [1, 0.1];
const counts = [2, 4] as const;

/** PLE is compared with these at each point. The first two decide. */
const references = ['mmoe', 'hard-sharing', 'single-task', 'cgc', 'ple without own experts', 'ple with blind gates'];

interface Cell {
  readonly table: Table;
  readonly correlation: number;
  readonly share: number;
  readonly estimates: readonly Estimate[];
}

export const mapVariants: readonly Variant[] = counts.map((count) => variant(count, {}));

/** With `count` tasks, and as many experts and one more in every mixture. */
function variant(
  count: number,
  { name = '', correlations = [0.5, 0.8, 0.95], of = shares, seeds = [1, 2, 3, 4, 5] },
): Variant {
  const tasks = Array.from({ length: count }, (_, index) => `y${index + 1}`);
  const labelled = (share: number) => tasks.map(() => share);
  const axes = { 'dataset.correlation': correlations, 'dataset.labelled': of.map(labelled) };
  const words = {
    'dataset.tasks': count,
    'dataset.labelled': labelled(1),
    tasks: tasks.map((task) => ({ name: task, type: 'regression', standardize: true })),
    'compare.models': modelsOf('map', () => true).map((model) => ({ ...model, experts: expertsOf(model, count + 1) })),
    'compare.metrics': Object.fromEntries(tasks.map((task) => [task, 'nmse'])),
    'compare.axes': axes,
    'compare.match': { parameters: 4000 * count },
    'compare.seeds': seeds,
  };
  return {
    config: 'map',
    name: `claim-map-${count}-tasks${name}`,
    words: Object.entries(words).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  };
}

/** @param all Of a mixture whose experts are all shared. */
function expertsOf({ experts }: Model, all: number): Model['experts'] {
  if (typeof experts === 'number') return all;
  return experts?.task === 0 ? { shared: all, task: 0 } : experts;
}

function cellsOf(table: Table): readonly Cell[] {
  const points = table.rows.filter(({ label }) => label === table.baseline).map(({ axis }) => axis);
  return points.map((axis) => {
    const at = (other: ComparisonRow['axis']) => JSON.stringify(other) === JSON.stringify(axis);
    const gains = references.map((reference) => {
      return {
        of: `ple over ${reference}`,
        gains: errorRatios(table, 'ple', reference, { at }).map((gain) => gain / 5),
        delta: 1,
        unit: 'margins' as const,
      };
    });
    return {
      table,
      correlation: Number(axis['dataset.correlation']),
      share: Number([axis['dataset.labelled']].flat()[0]),
      estimates: [
        ...estimated(gains.slice(0, 2), table.test.level),
        ...gains.slice(2).flatMap((one) => estimated([one], table.test.level)),
      ],
    };
  });
}

/** Of the two gains that decide. */
function verdictAt({ estimates }: Cell) {
  return verdictOn(estimates.slice(0, 2));
}

/** The smaller of the two gains. */
function least({ estimates }: Cell): number {
  return Math.min(...estimates.slice(0, 2).map(({ gain }) => gain));
}

/** Fresh draws at the best point and at the worst. */
export function mapChecks(tables: Tables): readonly Variant[] {
  const cells = tables.flatMap(cellsOf).toSorted((a, b) => least(b) - least(a));
  return ['best', 'worst'].map((name, index) => {
    const { table, correlation, share } = must(cells.at(-index), 'a point');
    const seeds = Array.from({ length: 10 }, (_, draw) => 101 + draw);
    return variant(table.tasks.length, { name: `-${name}`, correlations: [correlation], of: [share], seeds });
  });
}

export function mapAnswer(tables: Tables, fresh: readonly Table[], folder: string): Answer {
  const cells = tables.flatMap(cellsOf);
  const again = fresh.flatMap(cellsOf);
  const counted = (verdict: string) => cells.filter((cell) => verdictAt(cell) === verdict).length;
  const [inside, outside] = [counted('holds here'), counted('does not hold here')];
  const panels = tables.map((table) => ({
    title: `${table.tasks.length} tasks`,
    cells: cellsOf(table).map((cell) => ({
      x: String(cell.correlation),
      y: String(cell.share),
      verdict: verdictAt(cell),
      text: cell.estimates
        .slice(0, 2)
        .map(({ gain }) => gain.toFixed(1))
        .join(' / '),
    })),
  }));
  const where = ({ table, correlation, share }: Cell) =>
    `${table.tasks.length} tasks, correlation ${correlation}, labels in ${100 * share} % of the rows`;
  const best = again[0];
  const isShown = best !== undefined && verdictAt(best) === 'holds here';
  const words = best?.estimates.slice(0, 2).map((one) => `${intervalText(one)} ${one.of.replace('ple ', '')}`);
  const lines = cells.map((cell) => [
    ...[cell.table.tasks.length, cell.correlation, cell.share].map(String),
    ...cell.estimates.map(intervalText),
  ]);
  return {
    ...ifSettled(
      [...tables, ...fresh],
      outside === cells.length ? 'does not hold here' : isShown ? 'holds here' : 'cannot be told',
    ),
    sentence: `PLE gains over both at ${inside} of ${cells.length} points; on fresh draws at the best by ${words?.join('; ') ?? 'nothing'}`,
    found: [
      `\n${drawMap(join(folder, 'map.svg'), panels)}`,
      ...again.map(
        (cell, index) =>
          `\n**Fresh draws**, ${where(cell)}:\n\n${estimandTable(cell.estimates)}\n\n${index === 0 ? 'The first two decide the claim.' : 'The worst point decides nothing.'}`,
      ),
      `\nGains of PLE in margins, mean over tasks, with 95 % intervals point by point:\n\n${markdown([['tasks', 'correlation', 'labels', ...references.map((name) => `over ${name}`)], ...lines])}`,
    ],
  };
}
