import { Interrupted } from '../support/errors.js';

/** Restores the terminal after a bar: shows the cursor, wraps lines. */
const restored = '\u001b[?25h\u001b[?7h';

/**
 * Runs work with an abort signal. SIGINT, SIGTERM and SIGHUP fire it; its reason is `Interrupted` with this message. A
 * second one ends the process at once.
 */
export async function interruptible<Value>(
  message: string,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const interrupt = new AbortController();
  const ignore = onSignal(() => {
    ignore(); // a second signal of any kind ends the process
    if (process.stderr.isTTY) process.stderr.write(restored);
    interrupt.abort(new Interrupted(message));
  });
  try {
    return await work(interrupt.signal);
  } finally {
    ignore();
  }
}

/**
 * Calls `act` when the process is asked to end, or gets one of `others`. @returns A function that removes the handlers.
 */
export function onSignal(act: () => void, ...others: readonly NodeJS.Signals[]): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', ...others] as const; // Ctrl-C, kill, and a closed terminal
  for (const signal of signals) process.on(signal, act);
  return () => {
    for (const signal of signals) process.removeListener(signal, act);
  };
}

/** Message of a command that was still reading. */
export const interruptedReading = 'Interrupted: the data were not read to their end.';
