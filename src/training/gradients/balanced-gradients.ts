import type { Tensor } from '@tensorflow/tfjs';
import type { Balancing } from '../../objective/balancing/balancing.js';
import type { Sharing } from './sharing.js';
import { type Evaluate, type Given, type StepGradients, weightedGradients } from './step-gradients.js';
import { combinedGradients } from './task-gradients.js';

/** A method, and the parameters that it balances. */
export interface Balanced {
  readonly method: Balancing;
  readonly sharing: Sharing;
}

/** Gradients with the method's weights, or by its direction. */
export function balancedGradients(
  { method, sharing }: Balanced,
  evaluate: Evaluate,
  values: readonly Tensor[],
  names: readonly string[],
  given: Given,
): StepGradients {
  return method.kind === 'losses'
    ? weightedGradients(method, evaluate, values, given)
    : combinedGradients(method, sharing, evaluate, values, names, given);
}
