import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.fixture.js';
import { acquireLock } from './lock.js';

const apart = ['--pid', '--fork', '--mount-proc', '--kill-child'];
test.runIf(spawnSync('unshare', [...apart, 'true']).status === 0)(
  'a live lock is not stolen from another PID namespace',
  () => {
    const folder = temporaryFolder();
    const lock = acquireLock(folder);
    const script = `import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}; acquireLock(${JSON.stringify(folder)}, true);`;
    const words = [...apart, process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
    const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`${folder} is in use by process ${process.pid} of another container`),
    ]);
    lock.check();
    lock.release();
  },
);
