import { Worker } from 'node:worker_threads';

const script = `
  const { workerData: parent } = require('node:worker_threads');
  setInterval(() => {
    try {
      process.kill(parent, 0);
      if (process.ppid === parent) return;
    } catch {}
    process.kill(process.pid, 'SIGKILL');
  }, 500);
`;

/** Ends this process when its parent is gone, even while a native library blocks the main thread. */
export function endWithParent(): void {
  new Worker(script, { eval: true, execArgv: [], workerData: process.ppid }).unref();
}
