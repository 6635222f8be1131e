import type { Source, SourceTask } from '../data/dataset.js';
import { inspect } from './inspect.js';
import type { Finding } from './inspection.js';

/** About a quarter of a second on one core, whatever the data: some 27,000 rows of 38 columns in each split. */
const budget = { values: 2 ** 20, aloneValues: 2 ** 20, cells: 2 ** 18, differentRows: 2 ** 16, correlated: 0 };
const mostNotes = 8;

/**
 * The serious findings of evenly spaced blocks, one line each: what a run should tell before it trains. It reads the source alone, so that no
 * result depends on it.
 * @param signal When it fires, the glance fails with its reason.
 */
export async function glance(
  source: Source,
  tasks: readonly { readonly task: SourceTask; readonly index: number }[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { findings } = await inspect(source, tasks, budget, () => signal?.throwIfAborted());
  const serious = findings.filter(({ weight }) => weight === 'serious');
  const notes = varied(serious).map(({ message }) => message);
  if (notes.length <= mostNotes) return notes;
  return [...notes.slice(0, mostNotes), `${notes.length - mostNotes} more findings about the data: ple data inspect.`];
}

/** The first of each kind, then the first of each kind and column, then the others: what is repeated for many tasks hides nothing else. */
function varied(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  const isNew = (key: string) => seen.size < seen.add(key).size;
  const ranks = new Map(
    findings.map((finding) => {
      const { kind, column } = finding;
      const [ofKind, ofColumn] = [isNew(kind), isNew(`${kind} ${column}`)];
      return [finding, ofKind ? 0 : ofColumn ? 1 : 2];
    }),
  );
  return findings.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}
