import { tf } from '../support/tf.js';

/**
 * Runs `action` with a tfjs backend active, then restores the previous one. tfjs's backend is global: `action` must be
 * synchronous, or other work would run on this backend. tfjs frees every tensor that `action` created.
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

/** A backend with a synchronous factory is active as soon as `setBackend` returns. Its promise only reports that. */
function activate(name: string): void {
  if (tf.getBackend() === name) return;
  void tf.setBackend(name);
  if (tf.getBackend() !== name) throw new Error(`tfjs backend '${name}' did not start`);
}
