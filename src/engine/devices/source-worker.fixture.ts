import { resolve } from 'node:path';

/** For tests: the child process from its source. */
export const sourceWorker = {
  script: resolve(import.meta.dirname, 'smoke-worker.ts'),
  execArgv: ['--import', 'tsx'],
};
