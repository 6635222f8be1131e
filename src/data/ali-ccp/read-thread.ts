// A thread that reads the four files. `prepare-files.ts` starts it.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { DataError } from '../../support/errors.js';
import type { RawFiles } from './raw-files.js';
import { type Read, readFiles } from './read-files.js';

/** Maximum number of batches in the main thread's queue. The main thread falls behind while it sorts common rows. */
const mostWaiting = 4;

/** What the thread sends. The main thread answers each `Read` with a message. */
export type Sent =
  | { readonly kind: 'read'; readonly read: Read }
  | { readonly kind: 'bytes'; readonly done: number }
  | { readonly kind: 'unusable'; readonly message: string };

const files: RawFiles = workerData;
const port = parentPort;
if (!port) throw new Error('This is no thread');
const send = (sent: Sent) => port.postMessage(sent, buffersOf(sent));

let waiting = 0;
port.on('message', () => waiting--);
const give = async (read: Read) => {
  while (waiting === mostWaiting) await once(port, 'message');
  waiting++;
  send({ kind: 'read', read });
};
try {
  await readFiles(files, give, (done) => send({ kind: 'bytes', done }));
} catch (error) {
  if (!(error instanceof DataError)) throw error;
  send({ kind: 'unusable', message: error.message });
} finally {
  port.unref();
}

/** The buffers of all arrays in a value. They are transferred, not copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersOf);
}
