import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

test('a child that is stuck ends with its parent', async () => {
  const fixture = JSON.stringify(resolve(import.meta.dirname, 'stuck-child.fixture.ts'));
  const script = `require('node:child_process').spawn(process.execPath, ['--import', 'tsx', ${fixture}], { stdio: 'inherit' })`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  parent.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(parent.stdout, 'data');
  parent.kill('SIGKILL');
  await once(parent.stdout, 'end'); // the child holds this pipe as long as it lives
  expect(said).toBe('stuck\n');
}, 20_000);
