import type { Comparison } from '../../comparison/comparison.js';
import { gainsText } from '../../report/gains-text.js';

const [fewestColumns, mostColumns] = [80, 120]; // longer lines of text are hard to read

/** Prints a comparison on stdout: its table and findings in words, or one JSON document. */
export function showComparison(
  comparison: Comparison,
  { json = false, wide = false }: { readonly json?: boolean | undefined; readonly wide?: boolean | undefined },
): void {
  const { stdout } = process;
  const colour = stdout.isTTY === true && stdout.getColorDepth() > 1; // respects NO_COLOR
  const columns = Math.min(mostColumns, Math.max(fewestColumns, stdout.columns ?? fewestColumns));
  if (json) stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
  else stdout.write(`${stdout.isTTY ? '\n' : ''}${gainsText(comparison, { colour, wide, columns })}`); // after progress
}
