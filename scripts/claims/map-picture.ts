import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { drawSection } from '../../src/report/charts/drawing.js';
import { layer, plot } from '../../src/report/charts/plot.js';
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

const colours: Readonly<Record<string, string>> = {
  'better than both': '#9fd5a8',
  undecided: '#e4e4e4',
  'worse than one': '#f0b3a6',
};

/** A panel for each number of tasks: correlation across, training rows up, coloured by verdict. Gives its Markdown. */
export async function drawMap(file: string, panels: readonly MapPanel[]): Promise<string> {
  const section = await drawSection({
    id: 'map',
    title: 'Where PLE is better than MMoE and hard sharing',
    size: 'small',
    note: [],
    drawings: [
      {
        id: 'map',
        columns: 2,
        panels: panels.map(({ title, cells }) => ({
          title,
          spec: plot({
            width: 216,
            height: 180,
            x: { title: 'correlation', names: [...new Set(cells.map(({ x }) => x))] },
            y: { title: 'training rows', names: [...new Set(cells.map(({ y }) => y))].toReversed() },
            layers: [
              layer(
                'rect',
                cells.map(({ x, y, verdict }) => ({ x, y, fill: must(colours[verdict], verdict) })),
              ),
              layer(
                'text',
                cells.map(({ x, y, text }) => ({ x, y, text })),
                { fontSize: 11 },
              ),
            ],
          }),
        })),
      },
    ],
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await must(section.charts[0], 'a chart').standalone());
  const key = Object.keys(colours).join(' (green), ').replace('undecided (green)', 'undecided (grey)');
  return `![Map of the points at which PLE is better](claims/map.svg)\n\nPLE is ${key} (red).`;
}
