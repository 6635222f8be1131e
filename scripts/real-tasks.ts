/**
 * Draws docs/claims/real-tasks.svg: gains over single-task on real pairs of tasks, by the share of the training rows, of the
 * rows that `npm run claims -- real-…` writes (docs/claims/real-*.csv): npm run claims:real
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFiles, section } from '../src/report/charts/chart.js';
import type { Series } from '../src/report/charts/palette.js';
import { area, bar, dot, extent, type Pair, type Plot, whole } from '../src/report/charts/plot.js';
import { groupedBy } from '../src/support/json.js';
import { must } from '../src/support/must.js';
import { numbersOf } from './documents/numbers.js';

type Row = Readonly<Record<string, string>>;

const claims = join(import.meta.dirname, '../docs/claims');
const looks: Readonly<Record<string, Series>> = {
  ple: { label: 'ple', colour: 'ink', shape: 'circle' },
  'hard-sharing': { label: 'hard-sharing', colour: 'muted', shape: 'square', isHollow: true },
};
const margin = 0.001;

const rows = numbersOf(claims).filter(
  ({ table = '', point = '', model = '', reference, task, gain }) =>
    table.startsWith('claim-real-') &&
    point.includes('share') &&
    model in looks &&
    reference === 'single-task' &&
    task !== 'Δm' &&
    gain !== '',
);
const [charts] = section({
  id: 'real-tasks',
  title: 'Gains on real pairs of tasks',
  note: 'Gains over single-task by the share of the training rows; right of 0 is better. Lines are 95 % intervals of each gain alone, the grey band is the margin.',
  key: Object.values(looks),
  size: 'medium',
  charts: [{ plots: groupedBy(rows, ({ table, task }) => [table, task]).map(plotOf) }],
});
const [file] = chartFiles(must(charts, 'rows of real tasks'));
writeFileSync(join(claims, 'real-tasks.svg'), must(file, 'drawing').svg);

function plotOf(gains: readonly [Row, ...Row[]]): Plot {
  const [{ table, task, unit }] = gains;
  const beside = rows.find((row) => row['table'] === table && row['task'] !== task)?.['task'];
  const shares = [...new Set(gains.map(shareOf))];
  const marks = gains.flatMap((row) => {
    const look = must(looks[row['model'] ?? ''], 'look');
    const y = shares.indexOf(shareOf(row)) + (row['model'] === 'ple' ? -0.14 : 0.14);
    return [...bar(intervalOf(row), y, { ...look, width: 2 }), dot([Number(row['gain']), y], look)];
  });
  return {
    title: `${task}, with ${beside}`,
    height: 44 * shares.length,
    x: { title: unit ?? '', domain: extent([-margin, margin, ...gains.flatMap(intervalOf)]) },
    y: { names: shares },
    marks: [area([-margin, margin], [0, shares.length - 1], { opacity: 0.1 }), ...bar(0, whole), ...marks],
  };
}

function intervalOf({ low, high }: Row): Pair {
  return [Number(low), Number(high)];
}

function shareOf({ point = '' }: Row): string {
  return `1/${1 / Number(point.split(' = ')[1])} of the rows`;
}
