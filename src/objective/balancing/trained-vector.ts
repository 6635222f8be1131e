import type { Tensor } from '@tensorflow/tfjs';
import { adam } from '../../optimizers/catalogue.js';
import { float32, type HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { mapValues } from '../../support/records.js';
import { tf } from '../../support/tf.js';
import type { Moment } from './balancing.js';

/** A method's own vector, trained by Adam together with the model. It is a slot of its name; Adam adds two slots. */
export interface TrainedVector {
  slots(): HostArrays;
  value(moment: Moment): Tensor;
  /**
   * Its slots after one update.
   * @param moves 1 for the entries that are updated. Others, and what Adam keeps of them, stay. Absent: all are.
   */
  next(moment: Moment, gradient: Tensor, learningRate: Tensor, moves?: Tensor): Readonly<Record<string, Tensor>>;
}

/** @param decay Times the vector, it is added to the gradient. */
export function trainedVector(name: string, start: readonly number[], decay = 0): TrainedVector {
  const value = float32([start.length], Float32Array.from(start));
  const optimizer = adam.build({ [name]: { value, kind: 'weight' } }, { type: adam.name, l2: decay });
  return {
    slots: () => ({ [name]: value, ...optimizer.slots() }),
    value: ({ slots }) => must(slots[name], `slot '${name}'`),
    next: ({ slots, step }, gradient, learningRate, moves) => {
      const parameters = { [name]: must(slots[name], `slot '${name}'`) };
      const next = optimizer.update({ parameters, gradients: { [name]: gradient }, slots, step, learningRate });
      const updated = { ...next.parameters, ...next.slots };
      if (!moves) return updated;
      return mapValues(updated, (after, slot) =>
        tf.where(moves.greater(0), after, must(slots[slot], `slot '${slot}'`)),
      );
    },
  };
}
