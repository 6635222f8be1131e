// A thread that prepares the two files of one side: started by `ali-ccp-preparation.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import { DataError } from '../support/errors.js';
import { prepareSide } from './ali-ccp-parts.js';
import type { SideOrder, SideReport } from './ali-ccp-preparation.js';
import { DamagedEntry } from './store/prepared.js';

const bytesBetweenReports = 2 ** 22;

const order: SideOrder = workerData;
const stopped = new Int32Array(order.stop);
let [read, reported] = [0, 0];

const send = (report: SideReport) => parentPort?.postMessage(report);

try {
  await prepareSide(order.side, order.files, order, (bytes) => {
    if (Atomics.load(stopped, 0) !== 0) throw new Error('stopped');
    read = bytes;
    if (bytes - reported < bytesBetweenReports) return;
    reported = bytes;
    send({ kind: 'progress', bytes });
  });
  send({ kind: 'progress', bytes: read });
} catch (error) {
  const wanted = Atomics.load(stopped, 0) !== 0;
  if (!wanted) {
    if (error instanceof DamagedEntry) send({ kind: 'damaged', path: error.path, damage: error.damage });
    else if (error instanceof DataError) send({ kind: 'unusable', message: error.message });
    else throw error;
  }
}
