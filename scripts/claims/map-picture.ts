import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ChartSection, chartSvg } from '../../src/report/charts/chart.js';
import type { Colour } from '../../src/report/charts/palette.js';
import { layer } from '../../src/report/charts/plot.js';
import { must } from '../../src/support/must.js';

interface MapPanel {
  readonly title: string;
  readonly cells: readonly {
    readonly x: string;
    readonly y: string;
    readonly verdict: string;
    readonly text: string;
  }[];
}

const colours: Readonly<Record<string, Colour>> = {
  'holds here': 'equal',
  'cannot be told': 'rule',
  'does not hold here': 'worse',
};

/** A panel for each number of tasks: correlation across, share of labels up, coloured by verdict. Gives its Markdown. */
export function drawMap(file: string, panels: readonly MapPanel[]): string {
  const chart = {
    id: 'map',
    columns: 2,
    panels: panels.map(({ title, cells }) => ({
      title,
      plots: [
        {
          width: 216,
          height: 180,
          x: { title: 'correlation', names: [...new Set(cells.map(({ x }) => x))] },
          y: { title: 'share of rows with a label', names: [...new Set(cells.map(({ y }) => y))].toReversed() },
          layers: [
            layer(
              'area',
              cells.map(({ x, y, verdict }) => ({ x, y, colour: must(colours[verdict], verdict) })),
              { opacity: 0.4 },
            ),
            layer(
              'text',
              cells.map(({ x, y, text }) => ({ x, y, text })),
              { fontSize: 11 },
            ),
          ],
        },
      ],
    })),
  };
  const title = 'Where PLE is better than MMoE and hard sharing';
  const section: ChartSection = { id: 'map', title, size: 'small', note: [], charts: [chart] };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, chartSvg(section, chart));
  return '![Map of the points at which PLE is better](claims/map.svg)\n\nGains of PLE over MMoE / over hard sharing in margins. Green: both are shown. Grey: open. Red: one is smaller than δ.';
}
