import type { Panel } from './chart.js';
import type { Mark } from './plot.js';

/** The marks of each layer of a panel that are drawn, in the order of drawing. Layers without a mark are left out. */
export function drawnLayers(panel: Panel | undefined): readonly (readonly Mark[])[] {
  const layers = panel?.plots.flatMap((plot) => plot.layers.map(({ marks }) => marks.filter(isDrawn))) ?? [];
  return layers.filter((marks) => marks.length > 0);
}

function isDrawn({ x, x2, y, y2 }: Mark): boolean {
  return ![x, x2, y, y2].includes(null);
}
