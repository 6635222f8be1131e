// A thread that reads the four files: started by `prepare-files.ts`.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { DataError } from '../../support/errors.js';
import type { RawFiles } from './raw-files.js';
import { type Read, readFiles } from './read-files.js';

/** Batches that may lie in the other thread's queue: it falls behind while it puts common rows in order. */
const mostWaiting = 4;

/** What the thread sends. Each `Read` is answered by a message. */
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

/** Those of all arrays in a value: they are handed over, not copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(buffersOf);
}
