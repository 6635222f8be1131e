import { expect, test } from 'vitest';
import { run } from './system-command.js';

const node = (script: string, timeoutSeconds?: number) => run(process.execPath, ['-e', script], timeoutSeconds);

test('what a tool prints; nothing of one that fails, is not there, or prints without end', async () => {
  expect(await node('console.log(1)')).toBe('1\n');
  expect(await node('console.log(1); process.exitCode = 1')).toBeNull();
  expect(await run('no-such-tool-of-any-system', [])).toBeNull();
  expect(await node(`const text = 'x'.repeat(2 ** 20); for (;;) require('node:fs').writeSync(1, text)`)).toBeNull();
});

test('a tool that does not end is left, though it takes no signals and what it started holds its output', async () => {
  const script = `
    process.on('SIGTERM', () => undefined);
    require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 9000)'], { stdio: 'inherit' });
    setInterval(() => undefined, 1000);`;
  expect(await node(script, 0.5)).toBeNull();
}, 8000);
