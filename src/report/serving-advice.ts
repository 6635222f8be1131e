import type { ComparedModel, Comparison } from '../comparison/comparison.js';
import { listed, withDecimals } from './numbers.js';
import { comparisonPoints, metricName } from './shown-gains.js';

/**
 * How to serve a model, and what all its runs reach together, of which nothing is tested. Lines of plain text.
 * @param command that predicts with all seeds
 */
export function servingAdvice(
  comparison: Comparison,
  { label }: ComparedModel,
  command: string,
): readonly [string, ...string[]] {
  const rows = comparisonPoints(comparison).flatMap(({ gains }) =>
    gains.filter(({ family, model }) => family === 'models' && model === label),
  );
  const values = rows.flatMap(({ together, value, metric, about: { name, levelDigits } }) =>
    together && metric !== null
      ? `${name} ${withDecimals(together.value, levelDigits)} ${metricName(metric)} (one: ${withDecimals(value, levelDigits)})`
      : [],
  );
  const seeds = rows[0]?.runs ?? 0;
  if (values.length === 0) return [`To serve ${label}: ${command}`];
  return [
    `To serve ${label}, all ${seeds} seeds together: ${command}`,
    `Together they have ${listed(values)}, at ${seeds} times the size; --seed N serves one.`,
  ];
}
