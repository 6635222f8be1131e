import { tf } from '../support/tf.js';

/**
 * Runs `action` with a tfjs backend active and restores the one that was. tfjs's backend is global: `action` must not be
 * asynchronous, or other work would run on it in between. tfjs frees every tensor that `action` made.
 */
export function withBackend<Result>(name: string, action: () => Result): Result {
  const before = tf.getBackend() || 'cpu';
  activate(name);
  try {
    tf.engine().startScope();
    try {
      return action();
    } finally {
      tf.engine().endScope();
    }
  } finally {
    activate(before);
  }
}

/** A backend whose factory is synchronous is active as soon as `setBackend` returns; its promise only reports that. */
function activate(name: string): void {
  if (tf.getBackend() === name) return;
  void tf.setBackend(name);
  if (tf.getBackend() !== name) throw new Error(`tfjs backend '${name}' did not start`);
}
