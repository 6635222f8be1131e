import { resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Candidate } from './device.js';
import { fakeFacts } from './facts.fixture.js';
import { machineFacts } from './facts.js';
import { type ProbeOptions, probe } from './probe.js';

const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };

/** A child that goes wrong in this way. */
function broken(how: string, options: Pick<ProbeOptions, 'signal' | 'timeoutSeconds'> = {}) {
  process.env['BROKEN'] = how;
  onTestFinished(() => {
    delete process.env['BROKEN'];
  });
  const script = resolve(import.meta.dirname, 'broken-worker.fixture.mjs');
  return probe(webgpu, { facts: fakeFacts(), child: { script, execArgv: [] }, ...options });
}

test('a child of the built program trains on the CPU as the pure-JS backend does', async () => {
  const script = resolve(import.meta.dirname, '../../../dist/engine/devices/smoke-worker.js');
  const candidate = { engine: 'compiled', device: 'cpu' } as const;
  const found = await probe(candidate, { facts: machineFacts(), child: { script, execArgv: [] } });
  if (!found.usable) expect.fail(found.reason);
  expect(found.smoke.stepMilliseconds).toBeGreaterThan(0);
  expect(found.smoke.largestDifference).toBeLessThan(1e-5);
  expect(found.smoke.largestDifference).toBeGreaterThan(0); // it did not compare itself with itself
});

test.each([
  ['hangs', /^a training step was not done within 0\.5 s$/],
  ['crashes', /^a training step failed: SIGSEGV$/],
  ['ends', /^a training step failed: chatter on stderr$/],
  ['wrong', /computes wrongly.* NaN away/],
])('a child that %s makes its device unusable', async (how, reason) => {
  expect(await broken(how, how === 'hangs' ? { timeoutSeconds: 0.5 } : {})).toEqual({
    usable: false,
    reason: expect.stringMatching(reason),
    mend: expect.stringMatching(/./),
  });
});

test('a child that hangs is given up when the user interrupts', async () => {
  const probed = broken('hangs until it is told', { signal: AbortSignal.timeout(100) });
  await expect(probed).rejects.toThrow(
    expect.objectContaining({ message: expect.stringMatching(/^Interrupted/), exitCode: 130 }),
  );
});

test('a child that trains and then fails while it ends has trained', async () => {
  expect(await broken('fails late')).toMatchObject({ usable: true, adapter: 'AMD Radeon RX 7900' });
});
