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

/** Ends this process when the one that started it is gone, also while a native library does not give the main thread back. */
export function endWithParent(): void {
  new Worker(script, { eval: true, execArgv: [], workerData: process.ppid }).unref();
}
