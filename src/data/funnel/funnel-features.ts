import type { Random } from '../../support/random.js';
import type { ListValues, SourceColumn } from '../dataset.js';
import { type Population, ranked, seen } from './funnel-population.js';
import type { FunnelProcess, Impression } from './funnel-process.js';

/** What a model is shown of an impression: a value of one of its members each. */
export interface FunnelFeatures {
  readonly singles: readonly SingleFeature[];
  /** Items that each user liked before, the same at every impression of his. */
  readonly history: { readonly column: SourceColumn; readonly ofUsers: ListValues } | null;
}

interface SingleFeature {
  readonly column: SourceColumn;
  readonly of: keyof Impression;
  /** By member. */
  readonly values: Int32Array | Float32Array;
}

/**
 * Ids, and views of the hidden factors that are blurred by noise of each member's own. Codes of ids go by how often they occur, the most
 * frequent first; codes of groups go by the order of what they were made of.
 */
export function drawFeatures(process: FunnelProcess, historyLength: number, random: Random): FunnelFeatures {
  const { users, items } = process;
  const view = (name: string, of: Population, factor: number) => seen(of, factor, random.stream(name));
  const [userCount, itemCount] = [sizeOf(users), sizeOf(items)];
  const creators = Math.ceil(itemCount / itemsPerCreator);
  const singles = [
    categorical('user', 'user', identity(userCount), userCount),
    categorical('age', 'user', ranked(view('age', users, 0), ageGroups), ageGroups),
    categorical('region', 'user', ranked(view('region', users, 1), regions), regions),
    numeric('activity', 'user', view('activity', users, 2)),
    categorical('item', 'item', identity(itemCount), itemCount),
    categorical('genre', 'item', ranked(view('genre', items, 0), genres), genres),
    categorical('creator', 'item', ranked(view('creator', items, 1), creators), creators),
    numeric(
      'duration',
      'item',
      view('duration', items, 2).map((value) => Math.exp(4.5 + 0.8 * value)),
    ),
    categorical('hour', 'hour', identity(24), 24),
    categorical('network', 'network', identity(sizeOf(process.networks)), sizeOf(process.networks)),
    numeric(
      'position',
      'position',
      Float64Array.from(identity(sizeOf(process.positions)), (place) => place + 1),
    ),
  ];
  const history =
    historyLength === 0
      ? null
      : {
          column: { name: 'history', kind: 'list' as const, size: itemCount },
          ofUsers: drawHistory(users, items, historyLength, random.stream('history')),
        };
  return { singles, history };
}

export function featureColumns({ singles, history }: FunnelFeatures): SourceColumn[] {
  return [...singles.map(({ column }) => column), ...(history ? [history.column] : [])];
}

const ageGroups = 8;
const regions = 20;
const genres = 12;
const itemsPerCreator = 10;

/** One to `length` items of each user; of three that are drawn, the one whose factors are most like his own. */
function drawHistory(users: Population, items: Population, length: number, random: Random): ListValues {
  const count = sizeOf(users);
  const { width } = users;
  const offsets = new Int32Array(count + 1);
  const indexes: number[] = [];
  for (let user = 0; user < count; user++) {
    const entries = 1 + random.below(length);
    for (let entry = 0; entry < entries; entry++) {
      let best = -1;
      let highest = Number.NEGATIVE_INFINITY;
      for (let candidate = 0; candidate < 3; candidate++) {
        const item = items.choice.draw(random);
        let alike = 0;
        for (let j = 0; j < width; j++) {
          alike += (users.factors[user * width + j] ?? 0) * (items.factors[item * width + j] ?? 0);
        }
        if (alike > highest) [best, highest] = [item, alike];
      }
      indexes.push(best);
    }
    offsets[user + 1] = indexes.length;
  }
  return { offsets, indexes: Int32Array.from(indexes) };
}

function sizeOf({ factors, width }: Population): number {
  return factors.length / width;
}

function identity(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i);
}

function categorical(name: string, of: keyof Impression, values: Int32Array, size: number): SingleFeature {
  return { column: { name, kind: 'categorical', size }, of, values };
}

function numeric(name: string, of: keyof Impression, values: Float64Array): SingleFeature {
  return { column: { name, kind: 'numeric' }, of, values: Float32Array.from(values) };
}
