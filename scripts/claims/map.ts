import { join } from 'node:path';
import type { ComparisonRow, Contrast } from '../../src/comparison/comparison.js';
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables } from './claim.js';
import { cosines, diagnosed, expertCells, spread } from './diagnosed.js';
import { difference, logGains } from './differences.js';
import { drawMap } from './map-picture.js';
import { judged, meanParts } from './parts.js';
import { aggregateText, contrasts, contrastsOf, markdown, signed, tally } from './tables.js';

interface Cell {
  readonly table: Table;
  readonly correlation: number;
  readonly rows: { readonly train: number };
  readonly mmoe: Contrast;
  readonly hard: Contrast;
  readonly row: (label: string) => ComparisonRow;
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
    row: (label) =>
      must(
        table.rows.find((row) => row.label === label && isAt(row, mmoe)),
        label,
      ),
    hard: must(
      contrastsOf(table, 'ple', 'hard-sharing').find((hard) => isAt(hard, mmoe)),
      'a contrast',
    ),
  }));
}

function isAt(one: Pick<Contrast, 'axis'>, other: Pick<Contrast, 'axis'>): boolean {
  return JSON.stringify(one.axis) === JSON.stringify(other.axis);
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
    const config = cell.table.name.replace('claim-', '');
    return {
      config,
      name: `claim-${config}-${index === 0 ? 'inside' : 'outside'}`,
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
      `\n${drawMap(join(folder, 'map.svg'), panels)}`,
      `\n**Fresh draws**, ten at each point and a search of their own: ${points.join(' ')}`,
      `\n**Ablations**, over all points: ${ablations.join(' ')}`,
      ...conflicts(tables),
      ...tables.map((table) => contrasts(table)),
    ],
  };
}

/** Whether PLE gains more where the gradients of tasks conflict; what its experts are worth. */
function conflicts(tables: Tables): readonly string[] {
  const models = ['hard-sharing', 'mmoe', 'ple'];
  const lines = tables
    .flatMap(cellsOf)
    .map(({ table, correlation, rows, row }) => [
      ...[table.tasks.length, correlation, rows.train].map(String),
      ...models.map((label) => spread(cosines(table, row(label)), 2)),
      ...expertCells(diagnosed(table, row('ple')), 0),
    ]);
  const tested = tables.map((table) => {
    const cells = cellsOf(table).map(({ row }) => ({
      cosines: cosines(table, row('hard-sharing')),
      gains: logGains(table, row('ple'), row('hard-sharing')),
    }));
    const ofDraws = table.seeds.map((_, draw) =>
      correlationOf(cells.map(({ cosines, gains }) => [cosines[draw] ?? 0, gains[draw] ?? 0])),
    );
    return `${table.tasks.length} tasks ${difference(ofDraws, 2, table.test.level).words}`;
  });
  const head = ['tasks', 'correlation', 'rows', ...models.map((label) => `cosine, ${label}`)];
  const rises = ['an own', 'a shared'].map((which) => `loss of PLE without ${which} expert, %`);
  return [
    '\n**Do tasks conflict?** Cosines of the gradients of two tasks (mean over pairs) at the best epoch, and how much the losses of PLE rise where gates of its second level leave an expert out; ± is the standard deviation over draws:',
    `\n${markdown([[...head, ...rises, 'dead experts of PLE'], ...lines])}`,
    `\nCorrelation, over a draw’s points, of the cosine in hard sharing and PLE’s gain over it (below 0: PLE gains more where tasks conflict): ${tested.join('; ')}.`,
  ];
}

function correlationOf(pairs: readonly (readonly [number, number])[]): number {
  const [x, y] = [0, 1].map((side) => pairs.map((pair) => pair[side] ?? 0));
  const [ofX, ofY] = [x ?? [], y ?? []].map((values) => values.map((value) => value - mean(values)));
  const products = (a: readonly number[] = [], b: readonly number[] = []) =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  return products(ofX, ofY) / Math.sqrt(products(ofX, ofX) * products(ofY, ofY));
}
