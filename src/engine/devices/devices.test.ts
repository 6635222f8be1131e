import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import {
  attempt,
  type Candidate,
  type ChosenDevice,
  candidates,
  chooseDevice,
  cudaGpus,
  deviceName,
  type EngineChoice,
  fixOf,
  type Machine,
  openEngine,
  printedBy,
} from './devices.js';
import { bare, fakeMachine, hardware, software } from './machine.fixture.js';

const choose = (choice: Partial<EngineChoice>, machine: Machine) =>
  chooseDevice({ name: 'compiled', device: 'auto', ...choice }, machine);

describe('auto', () => {
  const cuda = 'cuda: it failed';
  test.each<[failing: string[], name: EngineChoice['name'], why: string]>([
    [[], 'compiled', 'auto takes compiled on cuda (NVIDIA L4 no. 0, 23034 MiB, driver 580.95.05)'],
    [['compiled on cuda'], 'compiled', `auto takes compiled on webgpu (AMD Radeon RX 7900); not ${cuda}`],
    [
      ['compiled on cuda', 'compiled on webgpu'],
      'compiled',
      `auto takes compiled on cpu; not ${cuda}; not webgpu: it failed`,
    ],
    [['tfjs on cuda'], 'tfjs', `auto takes tfjs on cpu; not ${cuda}`],
  ])('where %j fail, %s takes the first that trains, and says which it left out', async (failing, name, why) => {
    const { chosen, notes } = await choose({ name }, fakeMachine({ failing }).machine);
    expect(why).toContain(`takes ${deviceName(chosen.candidate)}`);
    expect(chosen.why).toBe(why);
    expect(notes).toEqual([chosen.candidate.device === 'cpu' ? `${why}; ple doctor says more` : why]);
  });

  test.each([
    ['a software adapter', software, /not webgpu: llvmpipe \(LLVM 19\) is a software adapter; ple doctor/],
    ['an adapter that no tool shows', null, /not webgpu: vulkaninfo .* shows no adapter/],
  ])('takes the CPU before %s, which it does not try', async (_, adapters, note) => {
    const { machine, tried } = fakeMachine({ ...bare, adapters, gpuFiles: () => ['/dev/dri/renderD128'] });
    const { chosen, notes } = await choose({}, machine);
    expect(chosen.candidate).toEqual({ engine: 'compiled', device: 'cpu' });
    expect(tried).toEqual([]);
    expect(notes.join()).toMatch(note);
  });

  test('on a machine without a GPU starts no process, has nothing to note, and keeps the reasons', async () => {
    const { machine, tried, asked } = fakeMachine(bare);
    const { chosen, notes } = await choose({ threads: 2, spinning: false }, machine);
    expect(chosen).toMatchObject({ candidate: { engine: 'compiled', device: 'cpu' }, threads: 2, spinning: false });
    expect(chosen.why).toMatch(
      /^auto takes compiled on cpu; not cuda: there is no NVIDIA GPU .*; not webgpu: there is no/,
    );
    expect({ notes, tried, asked }).toEqual({ notes: [], tried: [], asked: [] });
  });

  test('tries WebGPU alone on other systems, whatever their tools show', async () => {
    const { machine, tried } = fakeMachine({ ...bare, platform: 'darwin', adapters: software });
    expect((await choose({}, machine)).chosen).toMatchObject({
      candidate: { device: 'webgpu' },
      adapter: { adapter: null },
    });
    expect(tried).toEqual(['compiled on webgpu']);
  });
});

describe('a device that is named', () => {
  test.each(['cuda', 'webgpu'] as const)('is taken alone: %s', async (device) => {
    const { machine, tried } = fakeMachine();
    const { chosen, notes } = await choose({ device }, machine);
    expect(chosen).toMatchObject({ candidate: { engine: 'compiled', device }, why: 'asked for' });
    expect({ tried, notes }).toEqual({ tried: [`compiled on ${device}`], notes: [] });
  });

  test('is refused at once where no device file is one of NVIDIA', async () => {
    const { machine, tried } = fakeMachine(bare);
    await expect(choose({ device: 'cuda' }, machine)).rejects.toThrow(/no NVIDIA GPU .* docs\/gpu\.md \(CUDA\)/);
    expect(tried).toEqual([]);
  });

  test.each<[Partial<EngineChoice>, string]>([
    [{ device: 'cuda', deviceId: 1 }, 'cuda 1 cannot be used by the compiled engine: it failed; docs/gpu.md (CUDA)'],
    [{ device: 'cpu', name: 'tfjs' }, 'cpu cannot be used by the tfjs engine: it failed; docs/gpu.md (CPU)'],
  ])('and does not train is an error of one line: %j', async (choice, message) => {
    const { machine } = fakeMachine({ failing: ['compiled on cuda 1', 'tfjs on cpu'] });
    const refused = choose(choice, machine);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(`engine.device: ${message} has the fix.`);
  });

  test('is named as slow where the CPU computes it', async () => {
    const { notes } = await choose({ device: 'webgpu' }, fakeMachine({ adapters: software }).machine);
    expect(notes).toEqual(['webgpu runs on llvmpipe (LLVM 19), a software adapter: the CPU computes it']);
  });
});

test.each(['auto', 'cpu'] as const)(
  'plain JavaScript is taken where it is asked for, with device %s',
  async (device) => {
    const { machine, tried } = fakeMachine();
    const { chosen, notes } = await choose({ name: 'tfjs', device, library: 'javascript' }, machine);
    expect(chosen.candidate).toEqual({ engine: 'tfjs', device: 'cpu', pureJs: true });
    expect({ tried, notes }).toEqual({ tried: [], notes: [expect.stringMatching(/plain JavaScript.*checks only/)] });
  },
);

test('threads beyond four times the cores are refused', async () => {
  await expect(choose({ threads: 1_000_000 }, fakeMachine(bare).machine)).rejects.toThrow(/engine\.threads: 1000000/);
});

test('a chosen device is opened without another look, also after it went to another process', async () => {
  const { chosen } = await choose({ threads: 1 }, fakeMachine(bare).machine);
  const sent: ChosenDevice = JSON.parse(JSON.stringify(chosen));
  const { machine, tried } = fakeMachine();
  const opened = await openEngine(sent, machine);
  expect(opened.engine).toMatchObject({ name: 'compiled', device: 'cpu', threads: 1 });
  expect({ why: opened.chosen.why, notes: opened.notes, tried }).toEqual({ why: chosen.why, notes: [], tried: [] });
});

test('the page has the sections that errors name', async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/gpu.md'), 'utf8');
  for (const candidate of await candidates(fakeMachine().machine)) {
    const [, section] = /^docs\/gpu\.md \((.*)\)$/.exec(fixOf(candidate)) ?? [];
    expect(page).toContain(`\n### ${section}\n`);
  }
});

describe('what tools of the system print', () => {
  test.each([
    [undefined, [0, 1, 2]],
    ['GPU-1', [1]],
    ['1,7,0', [1]],
  ])('CUDA_VISIBLE_DEVICES=%s leaves the GPUs %j, in the order of CUDA’s ids', async (visible, indices) => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', visible);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { machine } = fakeMachine({ gpus: 3 });
    const titles = indices.map((index) => `NVIDIA L4 no. ${index}, 23034 MiB, driver 580.95.05`);
    expect(await cudaGpus(machine)).toEqual(titles);
    const ids = (await candidates(machine)).flatMap(({ engine, device, deviceId }) =>
      engine === 'compiled' && device === 'cuda' ? [deviceId] : [],
    );
    expect(ids).toEqual(indices.length > 1 ? [0, 1, 2] : [undefined]);
  });

  test('nvidia-smi without a driver lists nothing', async () => {
    expect(await cudaGpus(fakeMachine({ ask: async () => 'NVIDIA-SMI has failed because …\n' }).machine)).toEqual([]);
  });

  test('of several adapters, WebGPU takes the fastest', async () => {
    const integrated = hardware.replaceAll('DISCRETE', 'INTEGRATED').replace('AMD Radeon RX 7900', 'Intel UHD');
    const taken = async (...adapters: string[]) => {
      const { machine } = fakeMachine({ adapters: adapters.join('') });
      return (await choose({ device: 'webgpu' }, machine)).chosen.adapter;
    };
    expect(await taken(software, integrated, hardware)).toEqual({ adapter: 'AMD Radeon RX 7900', software: false });
    expect(await taken(software, integrated)).toEqual({ adapter: 'Intel UHD', software: false });
    expect(await taken('Cannot create Vulkan instance.')).toEqual({ adapter: null, software: null });
  });

  const node = (script: string, seconds?: number) => printedBy(process.execPath, ['-e', script], seconds);

  test('is nothing of one that fails, is not there, or prints without end', async () => {
    expect(await node('console.log(1)')).toBe('1\n');
    expect(await node('console.log(1); process.exitCode = 1')).toBeNull();
    expect(await printedBy('no-such-tool-of-any-system', [])).toBeNull();
    expect(await node(`const text = 'x'.repeat(2 ** 20); for (;;) require('node:fs').writeSync(1, text)`)).toBeNull();
  });

  test('is nothing of one that does not end, takes no signals, and whose own child holds its output', async () => {
    const script = `
      process.on('SIGTERM', () => undefined);
      require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 9000)'], { stdio: 'inherit' });
      setInterval(() => undefined, 1000);`;
    expect(await node(script, 0.5)).toBeNull();
  }, 8000);
});

describe('an attempt', () => {
  const webgpu: Candidate = { engine: 'compiled', device: 'webgpu' };
  const own = resolve(import.meta.dirname, '../../../dist/engine/devices/smoke.js');

  /** A child that goes wrong in this way. */
  function broken(how: string, options: Parameters<typeof attempt>[1] = {}) {
    vi.stubEnv('BROKEN', how);
    onTestFinished(() => void vi.unstubAllEnvs());
    return attempt(webgpu, { script: resolve(import.meta.dirname, 'broken-child.fixture.mjs'), ...options });
  }

  test('of the built program trains on the CPU as plain JavaScript does', async () => {
    const found = await attempt({ engine: 'compiled', device: 'cpu' }, { script: own });
    if (found.kind === 'failed') expect.fail(found.reason);
    expect(found.smoke.stepMilliseconds).toBeGreaterThan(0);
    expect(found.smoke.largestDifference).toBeLessThan(1e-5);
    expect(found.smoke.largestDifference).toBeGreaterThan(0); // it did not compare itself with itself
  });

  test('of an engine that has no such device fails with its words', async () => {
    const found = await attempt({ engine: 'tfjs', device: 'webgpu' }, { script: own });
    expect(found).toEqual({ kind: 'failed', reason: 'the tfjs engine has no WebGPU', printed: [] });
  });

  test.each([
    ['hangs', 'a training step was not done within 0.5 s'],
    ['hangs with a child', 'a training step was not done within 0.5 s'],
    ['crashes', 'its process ended with SIGSEGV'],
    ['ends', 'its process ended with exit code 3'],
    ['misses a library', 'libcuda.so.1: cannot open'],
  ])(
    'whose child %s says so, and what the library printed',
    async (how, reason) => {
      const found = await broken(how, how.startsWith('hangs') ? { seconds: 0.5 } : {});
      if (found.kind !== 'failed') expect.fail('it trained');
      expect(found.reason).toBe(reason);
      if (!how.startsWith('hangs')) expect(found.printed).toContain('chatter on stderr');
    },
    12_000,
  );

  test('is given up when the user interrupts', async () => {
    const found = broken('hangs until it is told', { signal: AbortSignal.timeout(100) });
    await expect(found).rejects.toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^Interrupted/), exitCode: 130 }),
    );
  });

  test('that trains and then fails while it ends has trained', async () => {
    expect(await broken('fails late')).toMatchObject({ kind: 'trained' });
  });
});
