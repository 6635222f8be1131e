import { Interrupted } from '../support/errors.js';

/** A terminal as it should be, whatever bar is drawn: the cursor shown, lines wrapped. */
const restored = '\u001b[?25h\u001b[?7h';

/**
 * Does work that SIGINT, SIGTERM and SIGHUP end by a signal, whose reason is `Interrupted` with this message. A second one ends the process at once.
 */
export async function interruptible<Value>(
  message: string,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const interrupt = new AbortController();
  const ignore = onSignal(() => {
    ignore(); // a second signal of either kind ends the process
    if (process.stderr.isTTY) process.stderr.write(restored);
    interrupt.abort(new Interrupted(message));
  });
  try {
    return await work(interrupt.signal);
  } finally {
    ignore();
  }
}

/** Does something when the process is told to end, in any of the usual ways. @returns What undoes it. */
export function onSignal(act: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const; // Ctrl-C, kill, and a terminal that is closed
  for (const signal of signals) process.on(signal, act);
  return () => {
    for (const signal of signals) process.removeListener(signal, act);
  };
}

/** Of a command that was still reading. */
export const interruptedReading = 'Interrupted: the data were not read to their end.';
