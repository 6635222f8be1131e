import { byPoint, pointText } from '../../comparison/axis-point.js';
import type { Comparison, ComparisonRow } from '../../comparison/comparison.js';
import type { AxisPoint } from '../../config/comparison.js';

/** One point of the axes; of a comparison without axes, its only one. */
export interface Point {
  readonly axis: AxisPoint;
  /** `correlation 0.4`; empty without axes. */
  readonly text: string;
  readonly rows: readonly ComparisonRow[];
}

export function pointsOf({ rows }: Comparison): readonly Point[] {
  return byPoint(rows, ({ axis }) => axis).map((own) => {
    const axis = own[0]?.axis ?? {};
    return { axis, text: pointText(axis), rows: own };
  });
}

/** `title`, and at which point of the axes. */
export function atPoint(title: string, { text }: Point): string {
  return text === '' ? title : `${title}, ${text}`;
}

const mostCharts = 12;

/** The first points of the axes, as many as give a dozen charts of one kind at most (but one), and a sentence on those left out. */
export function drawnPoints(
  points: readonly Point[],
  chartsEach: number,
): { readonly points: readonly Point[]; readonly omission: string } {
  const drawn = points.slice(0, Math.max(1, Math.floor(mostCharts / Math.max(1, chartsEach))));
  const left = points.length - drawn.length;
  return {
    points: drawn,
    omission: left === 0 ? '' : ` Drawn for the first ${drawn.length} of ${points.length} points of the axes.`,
  };
}

/** An id of letters, digits and -. Numbers tell apart what looks alike. */
export function chartId(...parts: readonly (string | number)[]): string {
  return parts
    .map((part) =>
      String(part)
        .replace(/[^A-Za-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, ''),
    )
    .filter((part) => part !== '')
    .join('-')
    .slice(0, 60);
}
