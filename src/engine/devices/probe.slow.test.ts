import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Candidate } from './device.js';
import { factsOf } from './facts.fixture.js';
import { machineFacts } from './facts.js';
import { probe } from './probe.js';

const child = { script: resolve(import.meta.dirname, '../../../dist/engine/devices/smoke-worker.js'), execArgv: [] };
const facts = machineFacts();
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const hasVulkan =
  process.platform === 'linux' && (await facts.hasVulkanLoader()) && (await facts.graphicsAdapters()) !== null;

test.runIf(hasVulkan)('WebGPU without a driver says so, where only the child can tell', async () => {
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) {
    const before = process.env[name];
    onTestFinished(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
    process.env[name] = '/nowhere';
  }
  const unknown = { ...facts, graphicsAdapters: async () => null };
  const found = await probe(webgpu, { facts: unknown, child });
  expect(found).toMatchObject({ usable: false, reason: 'there is no Vulkan driver for a GPU' });
});

test('a library that is not there fails in the child, in a sentence', async () => {
  const everything = factsOf({ nvidiaGpus: async () => null });
  const tried = await probe({ engine: 'tfjs', device: 'cuda' }, { facts: everything, child });
  if (facts.tfjsPackage('@tensorflow/tfjs-node-gpu')?.native) return; // it is
  expect(tried).toMatchObject({
    usable: false,
    reason: expect.stringMatching(/^its library cannot be loaded .*tfjs/),
  });
});

test('a child that hangs with a process of its own that holds its pipes is left', async () => {
  process.env['BROKEN'] = 'hangs with a child';
  onTestFinished(() => {
    delete process.env['BROKEN'];
  });
  const script = resolve(import.meta.dirname, 'broken-worker.fixture.mjs');
  const found = await probe(webgpu, { facts: factsOf(), child: { script, execArgv: [] }, timeoutSeconds: 1 });
  expect(found).toMatchObject({ reason: expect.stringMatching(/within 1 s$/) });
}, 12_000);

test('what children say does not appear', () => {
  const script = `
    const { probe } = await import('./src/engine/devices/probe.ts');
    const { factsOf } = await import('./src/engine/devices/facts.fixture.ts');
    const child = { script: './src/engine/devices/broken-worker.fixture.mjs', execArgv: [] };
    const found = await probe({ engine: 'compiled', device: 'cpu' }, { facts: factsOf(), child });
    process.stdout.write(JSON.stringify(found.usable));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...process.env, BROKEN: 'crashes' },
    encoding: 'utf8',
  });
  expect({ stdout, stderr }).toEqual({ stdout: 'false', stderr: '' });
});
