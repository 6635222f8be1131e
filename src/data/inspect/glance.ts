import type { Source, SourceTask } from '../dataset.js';
import { inspect } from './inspect.js';

/** About a quarter of a second on one core, whatever the data: some 27,000 rows of 38 columns in each split. */
const budget = { values: 2 ** 20, aloneValues: 2 ** 20, cells: 2 ** 18, differentRows: 2 ** 16, correlated: 0 };
const mostNotes = 8;

/**
 * The serious findings of evenly spaced blocks, one line each: what a run should tell before it trains. It reads the source alone, so
 * that no result depends on it.
 * @param signal When it fires, the glance fails with its reason.
 */
export async function glance(
  source: Source,
  tasks: readonly { readonly task: SourceTask; readonly index: number }[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { findings } = await inspect(source, tasks, budget, () => signal?.throwIfAborted());
  const notes = findings.filter(({ weight }) => weight === 'serious').map(({ message }) => message);
  if (notes.length <= mostNotes) return notes;
  return [...notes.slice(0, mostNotes), `${notes.length - mostNotes} more findings about the data: ple data inspect.`];
}
