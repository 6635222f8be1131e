import { Interrupted } from '../support/errors.js';

/** A terminal as it should be, whatever bar is drawn: the cursor shown, lines wrapped. */
const restored = '\u001b[?25h\u001b[?7h';

/**
 * Does work that SIGINT and SIGTERM end by a signal, whose reason is `Interrupted` with this message. A second one ends the process at once.
 */
export async function interruptible<Value>(
  message: string,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const interrupt = new AbortController();
  const abort = () => {
    ignore(); // a second signal of either kind ends the process
    if (process.stderr.isTTY) process.stderr.write(restored);
    interrupt.abort(new Interrupted(message));
  };
  const ignore = () => process.removeListener('SIGINT', abort).removeListener('SIGTERM', abort);
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    return await work(interrupt.signal);
  } finally {
    ignore();
  }
}

/** Of a command that was still reading. */
export const interruptedReading = 'Interrupted: the data were not read to their end.';
