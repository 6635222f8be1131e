import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { adapterOf, deviceName, thisMachine } from '../src/engine/devices/devices.js';
import { parityCandidates } from '../src/engine/parity-device.fixture.js';
import { checkChoice, wordsOf } from './usage.js';

/**
 * Runs the parity suite on every device that is here, and says which are not. A device that is required and not here is
 * a failure.
 */
const usage = 'Usage: npm run parity -- [--require webgpu,cuda]';
const { values } = wordsOf(usage, { options: { require: { type: 'string', default: '' } } });
const required = values.require.split(',').filter((name) => name !== '');
for (const name of required) checkChoice(usage, 'require', name, Object.keys(parityCandidates));

const machine = thisMachine();
const present: string[] = [];
let failures = 0;
for (const [name, candidate] of Object.entries(parityCandidates)) {
  const title = `${name} (${deviceName(candidate)})`;
  const attempt = await machine.attempt(candidate);
  if (attempt.kind === 'trained') {
    present.push(name);
    const { adapter, software } = await adapterOf(candidate, machine);
    console.log(`parity on ${title}: ${adapter ?? 'its hardware is not known'}${software ? ', software' : ''}`);
  } else {
    const missing = required.includes(name);
    if (missing) failures++;
    console.log(`${missing ? 'FAILED' : 'not run'}: ${title}: ${attempt.reason}`);
  }
}

// A process for each: what a device's library does to its process should not reach another's tests. Two at a time: half of
// the time is the reference, which has one thread.
const suite = ['src/training/parity', 'src/engine/record/kernels', 'src/engine/engine.test.ts'];
const words = ['node_modules/vitest/vitest.mjs', 'run', '--no-file-parallelism', ...suite];
const waiting = [...present];
await Promise.all([testNext(), testNext()]);

async function testNext(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const env = { ...process.env, PLE_PARITY_DEVICE: name };
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const [printed, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    console.log(`\n== parity on ${name}\n${printed}${errors}`);
    if (code !== 0) failures++;
  }
}

console.log(`\nparity: ${present.join(', ')}${failures === 0 ? '' : `; ${failures} failed`}`);
process.exitCode = failures === 0 ? 0 : 1;
