import { join } from 'node:path';
import type { Contrast } from '../../src/comparison/comparison.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables } from './claim.js';
import { drawMap } from './map-picture.js';
import { judged, meanParts } from './parts.js';
import { aggregateText, contrasts, contrastsOf, signed, tally } from './tables.js';

interface Cell {
  readonly table: Table;
  readonly correlation: number;
  readonly rows: { readonly train: number };
  readonly mmoe: Contrast;
  readonly hard: Contrast;
}

/** Better in Δm than both MMoE and hard sharing, worse than one in Δm or on a task, or undecided. */
function cellVerdict({ mmoe, hard }: Cell): 'better than both' | 'worse than one' | 'undecided' {
  const verdicts = [mmoe, hard].map(({ aggregate }) => aggregate?.verdict);
  const ofTasks = [mmoe, hard].flatMap(({ tasks }) => Object.values(tasks).map(({ verdict }) => verdict));
  if ([...verdicts, ...ofTasks].includes('worse')) return 'worse than one';
  return verdicts.every((verdict) => verdict === 'better') ? 'better than both' : 'undecided';
}

function cellsOf(table: Table): readonly Cell[] {
  return contrastsOf(table, 'ple', 'mmoe').map((mmoe) => ({
    table,
    mmoe,
    correlation: Number(mmoe.axis['dataset.correlation']),
    rows: mmoe.axis['dataset.rows'] as Cell['rows'],
    hard: must(
      contrastsOf(table, 'ple', 'hard-sharing').find(({ axis }) => JSON.stringify(axis) === JSON.stringify(mmoe.axis)),
      'a contrast',
    ),
  }));
}

/** The smaller of the two gains: that by which a point is inside. */
function least({ mmoe, hard }: Cell): number {
  return Math.min(...[mmoe, hard].map(({ aggregate }) => aggregate?.gain ?? Number.NaN));
}

/** Fresh draws at the point deepest inside the region, if there is one, and at the one farthest outside. */
export function mapChecks(tables: Tables) {
  const cells = tables.flatMap(cellsOf).toSorted((a, b) => least(b) - least(a));
  const inside = cells.find((cell) => cellVerdict(cell) === 'better than both') ?? cells[0];
  return [inside, cells.at(-1)].flatMap((cell, index) => {
    if (!cell) return [];
    const axes = { 'dataset.correlation': [cell.correlation], 'dataset.rows': [cell.rows] };
    const seeds = ['compare.seeds=[101, 102, 103, 104, 105, 106, 107, 108, 109, 110]', 'compare.tuneSeed=1000101'];
    return {
      config: cell.table.name.replace('claim-', ''),
      label: index === 0 ? 'inside' : 'outside',
      words: [`compare.axes=${JSON.stringify(axes)}`, ...seeds],
    };
  });
}

export async function mapAnswer(tables: Tables, fresh: readonly Table[], folder: string): Promise<Answer> {
  const cells = tables.flatMap(cellsOf);
  const inside = cells.filter((cell) => cellVerdict(cell) === 'better than both');
  const again = fresh.flatMap(cellsOf);
  const worse = cells.filter((cell) => cellVerdict(cell) === 'worse than one').length;
  const panels = tables.map((table) => ({
    title: `${table.tasks.length} tasks`,
    cells: cellsOf(table).map((cell) => ({
      x: String(cell.correlation),
      y: String(cell.rows.train),
      verdict: cellVerdict(cell),
      text: [cell.mmoe, cell.hard].map(({ aggregate }) => signed(aggregate?.gain ?? Number.NaN, 0)).join(' / '),
    })),
  }));
  const where = ({ table, correlation, rows }: Cell) =>
    `${table.tasks.length} tasks, correlation ${correlation}, ${rows.train} rows`;
  const points = again.map((cell, index) => {
    const drawn = cells.find((other) => where(other) === where(cell));
    const place = index > 0 ? 'Farthest outside' : inside.length > 0 ? 'Deepest inside' : 'Nearest to inside';
    return `${place} (${where(cell)}): ${drawn && cellVerdict(drawn)} on the map, ${cellVerdict(cell)} afresh; over MMoE Δm ${aggregateText(cell.mmoe)}, over hard sharing ${aggregateText(cell.hard)}.`;
  });
  const ablations = ['cgc', 'ple without own experts', 'ple with blind gates'].map(
    (label) => `PLE over ${label}: ${tally(tables.flatMap((table) => contrastsOf(table, 'ple', label)))}.`,
  );
  const nearest = judged(meanParts(again[0] ? [again[0].mmoe, again[0].hard] : [], fresh[0] ?? tables[0]));
  const confirmed = again.length > 0 && nearest.verdict === 'holds here';
  return {
    verdict: worse === cells.length ? 'does not hold here' : confirmed ? 'holds here' : 'cannot be told',
    next: nearest.next.replace(' it.', ' it at the best point of the map.'),
    effect: `better than both at ${inside.length} of ${cells.length} points, worse than one at ${worse}; fresh draws at the best: ${again[0] ? cellVerdict(again[0]) : 'none'}`,
    found: [
      'Δm (%) of PLE over MMoE / over hard sharing at each point:',
      `\n${await drawMap(join(folder, 'map.svg'), panels)}`,
      `\n**Fresh draws**, ten at each point and a search of their own: ${points.join(' ')}`,
      `\n**Ablations**, over all points: ${ablations.join(' ')}`,
      ...tables.map((table) => contrasts(table)),
    ],
  };
}
