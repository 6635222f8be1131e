import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import { must } from '../../support/must.js';
import type { ComparisonRow, Decisions, Match } from '../comparison.js';
import { parameterCounts, type ReadShape } from './data-shapes.js';
import { matchWidths } from './match.js';
import type { Cell } from './run.js';

/** What a run's config has beyond its model's config. */
interface Decided {
  readonly changes: AxisPoint;
  /** The values of the `tune` keys. Empty without `tune`. */
  readonly values: AxisPoint;
  readonly match: Match | null;
}

/**
 * The decisions for every model at every point. They hold for all tasks, or per part where tasks share no parameters
 * and chose different values.
 */
export interface DecidedChanges {
  of(label: string, point: AxisPoint): readonly (Decided & Pick<Cell, 'tasks'>)[];
}

/** Widths matched to values that a model's runs have, and the values themselves. */
export type Matching = (label: string, point: AxisPoint, values: AxisPoint) => Promise<Decided>;

/** Reads the data that it is asked about, if widths are to be matched. */
export function createMatching(config: ComparisonConfig, readShape: ReadShape): Matching {
  const { match: wanted, seeds, baseline, experiment } = config;
  if (wanted === null) return async (_label, _point, values) => ({ changes: values, values, match: null });
  const { target, embeddings } = wanted;
  const known = new Map<string, Promise<Decided>>();
  return (label, point, values) => {
    const key = JSON.stringify([label, point, values]);
    const made = known.get(key) ?? match(label, point, values);
    known.set(key, made);
    return made;
  };

  /** The baseline is counted as configured; the model has its values before its widths are scaled. */
  async function match(label: string, point: AxisPoint, values: AxisPoint): Promise<Decided> {
    const [reference, own] = [
      experiment(baseline, point, seeds[0] ?? 0),
      experiment(label, point, seeds[0] ?? 0, values),
    ];
    const [{ model: measure }, { model: shape }] = await Promise.all([readShape(reference), readShape(own)]);
    const { network, embedding } = parameterCounts(reference, measure);
    const found = matchWidths({
      type: own.model.type,
      options: own.model,
      shape,
      target: target === 'baseline' ? network + (embeddings ? embedding : 0) : target,
      embeddings,
    });
    const widths = { 'model.levels': found.levels, 'model.tower': found.tower };
    return { changes: { ...values, ...widths }, values, match: found };
  }
}

/** Values, and the tasks that use them. */
export interface Choice {
  readonly tasks: readonly string[];
  readonly values: AxisPoint;
}

/** What each searched model chose at a point, by label and point; of the others nothing. */
export type Chosen = (label: string, point: AxisPoint) => readonly Choice[] | undefined;

/** The values that were chosen, or the only ones, with widths matched to them. */
export async function decide(config: ComparisonConfig, matching: Matching, chosen: Chosen): Promise<DecidedChanges> {
  const modelKey = (label: string, point: AxisPoint) => JSON.stringify([label, point]);
  const byKey = new Map<string, readonly (Decided & Pick<Cell, 'tasks'>)[]>();
  for (const point of config.points) {
    for (const { label } of config.models) {
      const [only = {}] = config.settings(label);
      const choices = chosen(label, point) ?? [{ tasks: [], values: only }];
      const parts = choices.map(async ({ tasks, values }) => ({
        ...(choices.length > 1 ? { tasks } : {}),
        ...(await matching(label, point, values)),
      }));
      byKey.set(modelKey(label, point), await Promise.all(parts));
    }
  }
  return {
    of: (label, point) => must(byKey.get(modelKey(label, point)), `a decision on '${label}'`),
  };
}

type Parts = ReturnType<DecidedChanges['of']>;

/** @param searched Number of combinations that the model chose from; undefined if no model was searched. */
export function joinDecisions(parts: Parts, searched: number | undefined): Decisions {
  const [first, ...others] = parts;
  const byTask = <Value>(valueIn: (part: Parts[number]) => Value) =>
    Object.fromEntries(parts.flatMap((part) => (part.tasks ?? []).map((task) => [task, valueIn(part)])));
  const { values, match } = must(first, 'a part');
  const sameWidths = others.every((part) => JSON.stringify(part.match) === JSON.stringify(match));
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(Object.keys(values).length === 0 || others.length > 0 ? {} : { tuned: values }),
    ...(others.length > 0 ? { tunedByTask: byTask((part) => part.values) } : {}),
    ...(match && sameWidths ? { match } : {}),
    ...(match && !sameWidths ? { matchByTask: byTask((part) => part.match ?? match) } : {}),
  };
}

/** Only the decisions of a row. */
export function decisionsIn({ searched, tuned, tunedByTask, match, matchByTask }: ComparisonRow): Decisions {
  return {
    ...(searched === undefined ? {} : { searched }),
    ...(tuned ? { tuned } : {}),
    ...(tunedByTask ? { tunedByTask } : {}),
    ...(match ? { match } : {}),
    ...(matchByTask ? { matchByTask } : {}),
  };
}
