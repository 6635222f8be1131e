import { must } from '../../support/must.js';
import { textWidth } from './text-width.js';

/** In pixels from the upper left corner. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

export interface PlacedLabel extends Place {
  readonly box: Box;
  /** Where a line from the point meets the label. Null if the label is next to its point. */
  readonly leader: { readonly x: number; readonly y: number } | null;
}

const directions = Array.from({ length: 24 }, (_, index) => (index * Math.PI) / 12);
const distances = [5, 9, 14, 20, 27, 35, 44, 54, 65, 78, 92, 108, 126, 146, 168, 192, 220, 250];
const markRadius = 5;

/**
 * Places labels near their points so that no label covers another label or a point. Each label in turn takes the
 * cheapest of a fan of positions around its point. The most crowded points are placed last, so that points at the rim
 * place their labels outwards. Crossing lines and covered bars have a cost.
 * @param bars Boxes that labels should avoid.
 */
export function placeLabels(
  points: readonly Place[],
  area: { readonly width: number; readonly height: number },
  fontSize: number,
  bars: readonly Box[] = [],
): readonly PlacedLabel[] {
  const placed: { readonly point: Place; readonly label: PlacedLabel }[] = [];
  const marks = points.map(({ x, y }) => around(x, y, markRadius));
  for (const point of inOrder(points)) {
    const size = { width: textWidth(point.label, fontSize) + 4, height: fontSize * 1.3 };
    let best: { readonly cost: number; readonly label: PlacedLabel } | undefined;
    for (const distance of distances) {
      if (best && best.cost <= distance) break; // no position further out is cheaper
      for (const direction of directions) {
        const label = labelAt(point, size, distance, direction);
        const { box, leader } = label;
        if (box.left < 0 || box.top < 0 || box.right > area.width || box.bottom > area.height) continue;
        const taken = placed.some((other) => overlap(other.label.box, box)) || marks.some((mark) => overlap(mark, box));
        if (taken) continue;
        const covered = bars.filter((bar) => overlap(bar, box)).length;
        const crossed = placed.filter(({ point: from, label: { leader: to, box: theirs } }) => {
          const met = leader !== null && to !== null && cross(point, leader, from, to);
          return met || (leader !== null && crosses(point, leader, theirs)) || (to !== null && crosses(from, to, box));
        }).length;
        const cost = distance + 6 * covered + 120 * crossed;
        if (!best || cost < best.cost) best = { cost, label };
      }
    }
    const label = best?.label ?? labelAt(point, size, markRadius, 0);
    placed.push({ point, label });
  }
  return points.map(
    (point) =>
      must(
        placed.find((one) => one.point === point),
        point.label,
      ).label,
  );
}

/** Sorts points: those with the most room first. */
function inOrder(points: readonly Place[]): readonly Place[] {
  const room = (point: Place) =>
    points.reduce(
      (sum, other) => sum + (other === point ? 0 : 1 / (1 + Math.hypot(other.x - point.x, other.y - point.y))),
      0,
    );
  return points.toSorted((a, b) => room(a) - room(b));
}

/** A label whose nearest edge has this distance from the point in this direction. */
function labelAt(
  point: Place,
  { width, height }: { readonly width: number; readonly height: number },
  distance: number,
  direction: number,
): PlacedLabel {
  const [dx, dy] = [Math.cos(direction), Math.sin(direction)];
  const middle = {
    x: point.x + dx * (markRadius + distance + width / 2),
    y: point.y + dy * (markRadius + distance + height / 2),
  };
  const box = {
    left: middle.x - width / 2,
    top: middle.y - height / 2,
    right: middle.x + width / 2,
    bottom: middle.y + height / 2,
  };
  const edge = {
    x: Math.min(Math.max(point.x, box.left), box.right),
    y: Math.min(Math.max(point.y, box.top), box.bottom),
  };
  const far = Math.hypot(edge.x - point.x, edge.y - point.y) > markRadius + 9;
  return { ...point, box, leader: far ? edge : null };
}

function around(x: number, y: number, radius: number): Box {
  return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

interface Position {
  readonly x: number;
  readonly y: number;
}

/** True if two line segments cross. */
function cross(a: Position, b: Position, c: Position, d: Position): boolean {
  const side = (p: Position, q: Position, r: Position) => (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** True if a line segment crosses a box. */
function crosses(a: Position, b: Position, { left, top, right, bottom }: Box): boolean {
  return (
    cross(a, b, { x: left, y: top }, { x: right, y: bottom }) ||
    cross(a, b, { x: left, y: bottom }, { x: right, y: top })
  );
}
