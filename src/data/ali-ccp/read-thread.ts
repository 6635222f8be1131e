// A thread that reads the four files: started by `prepare-files.ts`.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { DataError } from '../../support/errors.js';
import type { RawFiles } from './raw-files.js';
import { type Read, readFiles } from './read-files.js';

/** What the thread sends. Each `Read` is answered by a message, before which only one more is made. */
export type Sent =
  | { readonly kind: 'read'; readonly read: Read }
  | { readonly kind: 'bytes'; readonly done: number }
  | { readonly kind: 'unusable'; readonly message: string };

const files: RawFiles = workerData;
const port = parentPort;
if (!port) throw new Error('This is no thread');
const send = (sent: Sent) => port.postMessage(sent);

let taken: Promise<unknown> = Promise.resolve();
const give = async (read: Read) => {
  await taken;
  send({ kind: 'read', read });
  taken = once(port, 'message');
};
try {
  await readFiles(files, give, (done) => send({ kind: 'bytes', done }));
  await taken;
} catch (error) {
  if (!(error instanceof DataError)) throw error;
  send({ kind: 'unusable', message: error.message });
}
