import { mean } from '../../src/comparison/statistics/moments.js';

/**
 * Shares of the variance of a balanced crossed design by factor: components of main effects, from the expected mean
 * squares ((MS of the factor - MS of the rest) / values of a level, 0 if below 0; of the rest its mean square), over
 * their sum.
 */
export function varianceShares(
  cells: readonly { readonly levels: Readonly<Record<string, string>>; readonly value: number }[],
): Readonly<Record<string, number>> {
  const all = mean(cells.map(({ value }) => value));
  const factors = Object.keys(cells[0]?.levels ?? {}).map((name) => {
    const levels = [...new Set(cells.map(({ levels }) => levels[name]))];
    const size = cells.length / levels.length;
    const means = levels.map((level) => mean(cells.flatMap((cell) => (cell.levels[name] === level ? cell.value : []))));
    const squares = means.reduce((sum, value) => sum + size * (value - all) ** 2, 0);
    return { name, size, squares, freedom: levels.length - 1 };
  });
  const total = cells.reduce((sum, { value }) => sum + (value - all) ** 2, 0);
  const freedom = cells.length - 1 - factors.reduce((sum, factor) => sum + factor.freedom, 0);
  const rest = (total - factors.reduce((sum, { squares }) => sum + squares, 0)) / freedom;
  const components = factors.map(({ name, size, squares, freedom }): [string, number] => [
    name,
    freedom === 0 ? 0 : Math.max(0, (squares / freedom - rest) / size),
  ]);
  const sum = components.reduce((sum, [, component]) => sum + component, rest);
  return Object.fromEntries([...components, ['rest', rest] as const].map(([name, value]) => [name, value / sum]));
}
