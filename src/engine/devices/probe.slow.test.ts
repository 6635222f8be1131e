import { resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Candidate } from './device.js';
import { fakeFacts } from './facts.fixture.js';
import { machineFacts } from './facts.js';
import { probe } from './probe.js';

const child = { script: resolve(import.meta.dirname, '../../../dist/engine/devices/smoke-worker.js'), execArgv: [] };
const facts = machineFacts();
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const hasVulkan = process.platform === 'linux' && (await facts.graphicsAdapters()) !== null;

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
  expect(found).toMatchObject({ usable: false, mend: expect.stringMatching(/docs\/gpu\.md/) });
});

test('a child that hangs with a process of its own that holds its pipes is left', async () => {
  process.env['BROKEN'] = 'hangs with a child';
  onTestFinished(() => {
    delete process.env['BROKEN'];
  });
  const script = resolve(import.meta.dirname, 'broken-worker.fixture.mjs');
  const found = await probe(webgpu, { facts: fakeFacts(), child: { script, execArgv: [] }, timeoutSeconds: 1 });
  expect(found).toMatchObject({ reason: expect.stringMatching(/within 1 s$/) });
}, 12_000);
