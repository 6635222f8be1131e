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

const markRadius = 5;
/** Between a point and its label. */
const gaps = [4, 10, 18];
/** Where a label lies from its point: right, left, above, below, and between. */
const sides = [1, 0.7, 0.4, 0].flatMap((x) =>
  [-1, 1].flatMap(
    (y) =>
      [
        [x, y * (1 - x)],
        [-x, y * (1 - x)],
      ] as const,
  ),
);

/**
 * A label near each point, in the first place where it covers no other label, no point and nothing that is `taken`.
 * Null where there is no such place: the key names the point.
 */
export function placeLabels(
  points: readonly Place[],
  area: { readonly width: number; readonly height: number },
  fontSize: number,
  taken: readonly Box[] = [],
): readonly (Box | null)[] {
  const used = [...taken, ...points.map(({ x, y }) => boxAround(x, y, markRadius, markRadius))];
  return points.map(({ x, y, label }) => {
    const [width, height] = [textWidth(label, fontSize) / 2 + 2, fontSize * 0.65];
    const boxes = gaps.flatMap((gap) =>
      sides.map(([across, down]) => {
        const distance = markRadius + gap;
        return boxAround(
          x + across * distance + Math.sign(across) * width,
          y + down * (distance + height),
          width,
          height,
        );
      }),
    );
    const free = boxes.find((box) => isInside(box, area) && !used.some((other) => overlap(other, box)));
    if (free) used.push(free);
    return free ?? null;
  });
}

function boxAround(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, top: y - halfHeight, right: x + halfWidth, bottom: y + halfHeight };
}

function isInside(box: Box, { width, height }: { readonly width: number; readonly height: number }): boolean {
  return box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
