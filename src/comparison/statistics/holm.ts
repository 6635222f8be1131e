/**
 * Holm's adjusted p-values (1979): the i-th smallest of m, times m - i + 1, no less than the one before, at most 1.
 * Rejecting those below .05 keeps the chance of any false rejection in the family below .05, however the tests depend.
 * Tests that are not defined are no members of the family and stay null.
 */
export function holm(family: readonly (number | null)[]): (number | null)[] {
  const adjusted: (number | null)[] = family.map(() => null);
  const defined = family.flatMap((p, index) => (p === null ? [] : [{ p, index }])).toSorted((a, b) => a.p - b.p);
  let largest = 0;
  for (const [rank, { p, index }] of defined.entries()) {
    largest = Math.max(largest, Math.min(1, (defined.length - rank) * p));
    adjusted[index] = largest;
  }
  return adjusted;
}
