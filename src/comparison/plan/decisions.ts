import type { ComparisonRow } from '../comparison.js';
import type { DecidedChanges } from './decided-changes.js';

/** What a comparison decided on a model before its reported runs, and keeps in its row. */
export type Decisions = Pick<ComparisonRow, 'searched' | 'tuned' | 'tunedByTask' | 'match' | 'matchByTask'>;

type Parts = ReturnType<DecidedChanges['of']>;

/** @param searched How many combinations the model chose from; undefined where no model did. */
export function decisionsOf(parts: Parts, searched: number | undefined): Decisions {
  const [first, ...others] = parts;
  if (!first) throw new Error('A row has a part.');
  const byTask = <Value>(valueIn: (part: Parts[number]) => Value) =>
    Object.fromEntries(parts.flatMap((part) => (part.tasks ?? []).map((task) => [task, valueIn(part)])));
  const { values, match } = first;
  const sameWidths = others.every((part) => JSON.stringify(part.match) === JSON.stringify(match));
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(Object.keys(values).length === 0 || others.length > 0 ? {} : { tuned: values }),
    ...(others.length > 0 ? { tunedByTask: byTask((part) => part.values) } : {}),
    ...(match && sameWidths ? { match } : {}),
    ...(match && !sameWidths ? { matchByTask: byTask((part) => part.match ?? match) } : {}),
  };
}

/** The decisions in a row, and nothing else of it. */
export function decisionsIn({ searched, tuned, tunedByTask, match, matchByTask }: ComparisonRow): Decisions {
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(tuned ? { tuned } : {}),
    ...(tunedByTask ? { tunedByTask } : {}),
    ...(match ? { match } : {}),
    ...(matchByTask ? { matchByTask } : {}),
  };
}

/** The values that were chosen for any of a row's tasks. */
export function tunedKeys({ tuned, tunedByTask }: Decisions): readonly string[] {
  return [tuned ?? {}, ...Object.values(tunedByTask ?? {})].flatMap((values) => Object.keys(values));
}

/** What a reader should know of searches of different sizes. */
export function notesOnSearch(rows: readonly Pick<ComparisonRow, 'label' | 'searched'>[]): readonly string[] {
  const searched = new Map(rows.flatMap(({ label, searched }) => (searched === undefined ? [] : [[label, searched]])));
  if (new Set(searched.values()).size < 2) return [];
  const numbers = Array.from(searched, ([label, number]) => `${label} ${number}`).join(', ');
  return [
    `Models searched different numbers of settings: ${numbers}. The budgets are unequal: a larger search favours its model.`,
  ];
}
