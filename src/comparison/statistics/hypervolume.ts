/**
 * The volume of all that lies between 0 and at least one of the points, in every coordinate. A point with a coordinate
 * of 0 or less adds nothing. The last coordinate is cut at each point; a slice has the points that reach it.
 */
export function hypervolume(points: readonly (readonly number[])[]): number {
  if (points.some((point) => point.length === 0)) return 1;
  const last = (point: readonly number[] = []) => point.at(-1) ?? 0;
  const above = points.filter((point) => point.every((value) => value > 0)).toSorted((a, b) => last(b) - last(a));
  return above.reduce((sum, point, index) => {
    const slice = above.slice(0, index + 1).map((reaching) => reaching.slice(0, -1));
    return sum + (last(point) - last(above[index + 1])) * hypervolume(slice);
  }, 0);
}
