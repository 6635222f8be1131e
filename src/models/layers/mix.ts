import { ConfigError } from '../../support/errors.js';
import { tf } from '../../support/tf.js';
import { type ForwardPass, type Layer, type ParameterStart, parameterNamed } from '../model.js';
import { combine, type Features, product } from './axes.js';

/** A part's own share at the start, and the option that sets it. */
interface OwnShare {
  readonly key: string;
  readonly share: number;
}

export interface Mix extends Layer {
  /** A stream per member -> the mixed streams. */
  apply(pass: ForwardPass, hidden: Features): Features;
}

/**
 * Mixes the parts of all members' features by trained scalars, the same for all samples. Parameter `name` is a matrix
 * [members * parts]^2. It starts at `start.share` for the own part, and at equal shares of the rest elsewhere.
 */
export function mix(name: string, members: number, start: OwnShare, parts = 1): Mix {
  const size = members * parts;
  return {
    parameters: { [name]: shares(size, size, start, (row) => row) },
    apply({ parameters }, hidden) {
      const [blocks = 0, , width = 0, rows = 0] = hidden.shape;
      const split = hidden.reshape([blocks, size, width / parts, rows]);
      return combine(parameterNamed(parameters, name), split).reshape(hidden.shape);
    },
  };
}

export interface MixLevels extends Layer {
  /** The levels' streams, of equal widths -> one stream per member. */
  apply(pass: ForwardPass, states: readonly Features[]): Features;
}

/**
 * Mixes levels for each member by trained scalars: parameter `name` [members, levels], starting at
 * `start.share` for the last level.
 */
export function mixLevels(name: string, members: number, levels: number, start: OwnShare): MixLevels {
  return {
    parameters: { [name]: shares(members, levels, start, () => levels - 1) },
    apply({ parameters }, states) {
      const [blocks = 0, , width = 0, rows = 0] = states[0]?.shape ?? [];
      const all = tf.concat(
        states.map((state) => state.reshape([blocks, members, 1, width * rows])),
        2,
      );
      const scalars = parameterNamed(parameters, name).reshape([members, 1, levels]);
      return product(all, scalars).reshape([blocks, members, width, rows]);
    },
  };
}

/**
 * Scalars [rows, columns]: `share` at each row's own column, equal shares of the rest of 1 elsewhere. Their kind is
 * `bias`, since like biases they are never decayed: L2 would pull them to 0, away from the near-identity that they
 * start at.
 * @throws ConfigError if the own column has less than the others.
 */
function shares(
  rows: number,
  columns: number,
  { key, share }: OwnShare,
  ownColumn: (row: number) => number,
): ParameterStart {
  if (share < 1 / columns)
    throw new ConfigError(`model.${key}: it must be between 1/${columns} (equal shares) and 1, not ${share}.`);
  return {
    shape: [rows, columns],
    kind: 'bias',
    start(values) {
      values.fill((1 - share) / (columns - 1));
      for (let row = 0; row < rows; row++) values[row * columns + ownColumn(row)] = share;
    },
  };
}
