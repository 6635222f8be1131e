import { pointText } from '../../comparison/plan/axis-point.js';
import { joined } from '../../support/joined.js';
import type { Point } from '../points.js';

/** `title`, followed by the point of the axes. */
export function atPoint(title: string, { axis }: Pick<Point, 'axis'>): string {
  return joined(', ', title, pointText(axis));
}

const mostPanels = 12;

/**
 * The first points of the axes that fit into `most` panels of one kind (at least one point), and a remark on the
 * others.
 */
export function drawnPoints<Place>(
  points: readonly Place[],
  panelsEach: number,
  most = mostPanels,
): { readonly points: readonly Place[]; readonly omission: readonly string[] } {
  const drawn = points.slice(0, Math.max(1, Math.floor(most / Math.max(1, panelsEach))));
  const left = points.length - drawn.length;
  return {
    points: drawn,
    omission: left === 0 ? [] : [`Drawn for the first ${drawn.length} of ${points.length} points of the axes.`],
  };
}

/** An id of letters, digits and -. Numbers distinguish texts that give the same id. */
export function chartId(...parts: readonly (string | number)[]): string {
  const plain = parts.map((part) =>
    String(part)
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, ''),
  );
  return joined('-', ...plain).slice(0, 60);
}
