import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Candidate } from './device.js';
import { factsOf } from './facts.fixture.js';
import { machineFacts } from './facts.js';
import { probe } from './probe.js';
import { sourceWorker } from './source-worker.fixture.js';

const facts = machineFacts();
const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
const isLinux = process.platform === 'linux';
const hasVulkan = isLinux && (await facts.hasVulkanLoader()) && (await facts.graphicsAdapters()) !== null;

describe('on this machine', () => {
  test.each<Candidate>([
    { engine: 'compiled', device: 'cpu' },
    { engine: 'tfjs', device: 'cpu', pureJs: true },
  ])('%j trains as the pure-JS backend does', async (candidate) => {
    const found = await probe(candidate, { facts, child: sourceWorker });
    if (!found.usable) expect.fail(found.reason);
    expect(found.smoke.stepMilliseconds).toBeGreaterThan(0);
    expect(found.smoke.largestDifference).toBeLessThan(1e-5);
    if (!candidate.pureJs) expect(found.smoke.largestDifference).toBeGreaterThan(0); // it did not compare itself with itself
  });

  test.runIf(isLinux)('WebGPU trains, or says what it lacks', async () => {
    const [loader, adapters] = [await facts.hasVulkanLoader(), await facts.graphicsAdapters()];
    const found = await probe(webgpu, { facts, child: sourceWorker });
    if (!loader || adapters?.length === 0) expect(found).toMatchObject({ reason: expect.stringMatching(/no Vulkan/) });
    else if (!found.usable) expect.fail(found.reason);
    else {
      expect(found.smoke.largestDifference).toBeLessThan(1e-5);
      expect(found.adapter).toEqual(adapters === null ? null : expect.any(String));
    }
  });

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
    const found = await probe(webgpu, { facts: unknown, child: sourceWorker });
    expect(found).toMatchObject({ usable: false, reason: 'there is no Vulkan driver for a GPU' });
  });

  test('a library that is not there fails in the child, in a sentence', async () => {
    const everything = factsOf({ nvidiaGpus: async () => null });
    const tried = await probe({ engine: 'tfjs', device: 'cuda' }, { facts: everything, child: sourceWorker });
    if (facts.tfjsPackage('@tensorflow/tfjs-node-gpu')?.native) return; // it is
    expect(tried).toMatchObject({
      usable: false,
      reason: expect.stringMatching(/^its library cannot be loaded .*tfjs/),
    });
  });
});

describe('a child that', () => {
  const script = resolve(import.meta.dirname, 'broken-worker.fixture.mjs');
  const broken = (how: string, signal?: AbortSignal) => {
    process.env.BROKEN = how;
    onTestFinished(() => {
      delete process.env.BROKEN;
    });
    return probe(webgpu, {
      facts: factsOf(),
      child: { script, execArgv: [] },
      timeoutSeconds: ['hangs', 'hangs with a child'].includes(how) ? 2 : 60,
      signal,
    });
  };

  test.each([
    ['hangs', /^a training step was not done within 2 s$/],
    ['crashes', /^a training step failed: its process was ended by SIGSEGV$/],
    ['ends', /^a training step failed: its process ended: chatter on stderr$/],
    ['wrong', /computes wrongly.* NaN away/],
  ])('%s makes its device unusable', async (how, reason) => {
    expect(await broken(how)).toEqual({
      usable: false,
      reason: expect.stringMatching(reason),
      mend: expect.stringMatching(/./),
    });
  });

  test('hangs with a process of its own that holds its pipes is left', async () => {
    expect(await broken('hangs with a child')).toMatchObject({ reason: expect.stringMatching(/within 2 s$/) });
  }, 12_000);

  test('hangs is given up when the user interrupts', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 500);
    await expect(broken('hangs until it is told', stop.signal)).rejects.toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^Interrupted/), exitCode: 130 }),
    );
  });

  test('trains and then fails while it ends has trained', async () => {
    expect(await broken('fails late')).toMatchObject({ usable: true, adapter: 'AMD Radeon RX 7900' });
  });
});

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
