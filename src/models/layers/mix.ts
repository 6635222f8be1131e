import { ConfigError } from '../../support/errors.js';
import { tf } from '../../support/tf.js';
import type { Layer, ParameterStart, Pass } from '../model.js';
import { named } from '../parameters.js';
import { combine, type Features, product } from './axes.js';

export interface Mix extends Layer {
  /** Streams of as many members -> the same, mixed. */
  apply(pass: Pass, hidden: Features): Features;
}

/**
 * Mixes the parts of all members' features by trained scalars, the same for all samples: parameter `name` [members * parts]^2, a matrix that
 * starts at `own` for the own part and has equal shares of 1 - own elsewhere.
 * @param key The option that says `own`, for the message.
 */
export function mix(
  name: string,
  members: number,
  own: { readonly key: string; readonly share: number },
  parts = 1,
): Mix {
  const size = members * parts;
  return {
    parameters: { [name]: mixingScalars(size, size, startingShares(own.key, size, own.share)) },
    apply({ parameters }, hidden) {
      const [blocks = 0, , width = 0, rows = 0] = hidden.shape;
      const split = hidden.reshape([blocks, size, width / parts, rows]);
      return combine(named(parameters, name), split).reshape(hidden.shape);
    },
  };
}

export interface MixLevels extends Layer {
  /** The levels' streams, of equal widths -> one of each member. */
  apply(pass: Pass, states: readonly Features[]): Features;
}

/** Mixes levels for each member by trained scalars: parameter `name` [members, levels], starting at `own` for the last level. */
export function mixLevels(
  name: string,
  members: number,
  levels: number,
  own: { readonly key: string; readonly share: number },
): MixLevels {
  const starts = startingShares(own.key, levels, own.share, () => levels - 1);
  return {
    parameters: { [name]: mixingScalars(members, levels, starts) },
    apply({ parameters }, states) {
      const [blocks = 0, , width = 0, rows = 0] = states[0]?.shape ?? [];
      const all = tf.concat(
        states.map((state) => state.reshape([blocks, members, 1, width * rows])),
        2,
      );
      const scalars = named(parameters, name).reshape([members, 1, levels]);
      return product(all, scalars).reshape([blocks, members, width, rows]);
    },
  };
}

/**
 * Scalars that mix whole representations and start at given values. Their kind is `bias`, since like biases they are
 * never decayed: L2 would pull them to 0, away from the near-identity that they start at.
 */
function mixingScalars(
  rows: number,
  columns: number,
  valueAt: (row: number, column: number) => number,
): ParameterStart {
  return {
    shape: [rows, columns],
    kind: 'bias',
    start(values) {
      for (let i = 0; i < values.length; i++) values[i] = valueAt(Math.floor(i / columns), i % columns);
    },
  };
}

/**
 * Where a row of mixing scalars starts: `own` at its own place, the rest of 1 in equal shares elsewhere.
 * @param key The option that says `own`, for the message.
 * @throws ConfigError if its own place has less than the others.
 */
function startingShares(
  key: string,
  size: number,
  own: number,
  place: (row: number) => number = (row) => row,
): (row: number, column: number) => number {
  if (own < 1 / size)
    throw new ConfigError(`model.${key}: it must be between 1/${size} (equal shares) and 1, not ${own}.`);
  return (row, column) => (column === place(row) ? own : (1 - own) / (size - 1));
}
