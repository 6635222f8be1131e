import { describe, expect, test } from 'vitest';
import { bare, factsOf, lookAt, software } from '../engine/devices/facts.fixture.js';
import { machineFacts } from '../engine/devices/facts.js';
import { contentsOf, pleHere, printedBy, smallConfig, temporaryFolder } from './command.fixture.js';
import { examine } from './doctor.js';

const facts = machineFacts();
const hasNvidia = facts.nvidiaDriver() !== null;

describe('ple doctor', () => {
  const mixed = factsOf({ nvidiaDriver: () => null, graphicsAdapters: async () => [software] });
  const examined = (json: boolean, machine = mixed, failing: string[] = []) =>
    printedBy(() => examine(lookAt(machine, failing).look, json));

  test('--json tells of every engine on every device, why it is not usable and how to mend it, and what auto takes', async () => {
    const { status, stdout, stderr } = await examined(true);
    const { devices, auto, ...others } = JSON.parse(stdout);
    expect([status, stderr]).toEqual([0, '']);
    expect(Object.keys(others).toSorted()).toEqual(['cpu', 'disks', 'memory', 'node', 'platform', 'schema']);
    const keysOf = (value: object | undefined) =>
      Object.keys(value ?? {})
        .toSorted()
        .join(' ');
    expect([others.cpu, others.memory, ...others.disks].map(keysOf)).toEqual([
      'cores model',
      'freeBytes totalBytes',
      ...Array(2).fill('folder freeBytes'),
    ]);
    expect(others).toMatchObject({ schema: 1, node: process.version, platform: expect.any(String) });
    const found = ['compiled cuda false', 'tfjs cuda false', 'compiled webgpu true', 'compiled cpu true'];
    expect(
      devices.map(({ engine, device, usable }: Record<string, unknown>) => `${engine} ${device} ${usable}`),
    ).toEqual([...found, 'tfjs cpu true', 'tfjs cpu true']);
    expect(devices[0]).toMatchObject({ reason: expect.any(String), mend: expect.any(String) });
    expect(keysOf(devices[3])).toBe('adapter device driver engine memoryBytes smoke software usable');
    expect(devices[3].smoke).toEqual({ stepMilliseconds: 1, largestDifference: 0 });
    expect(auto).toMatchObject({ engine: 'compiled', device: 'cpu', why: expect.stringMatching(/^auto: /) });
  });

  test('exits 1 where nothing can train', async () => {
    const all = ['compiled on webgpu', 'compiled on cpu', 'tfjs on cpu'];
    const { status, stdout } = await examined(false, bare, all);
    expect([status, stdout]).toEqual([
      1,
      expect.stringMatching(/: it failed\.\n.*\n[\s\S]*Nothing can train here\.\n$/),
    ]);
  });
});

describe('ple train', () => {
  const train = (folder: string, ...words: string[]) =>
    pleHere(['train', '--config', smallConfig(folder), 'train.epochs=1', ...words], { cwd: folder });

  test.skipIf(hasNvidia)('with cuda fails in one line, and trains on nothing else', async () => {
    const folder = temporaryFolder();
    const { status, stdout, stderr } = await train(folder, 'engine.device=cuda');
    expect(stderr).toMatch(
      /^ple: engine\.device: cuda is not usable by the compiled engine: (there is no NVIDIA driver|only the NVIDIA driver is missing: [^;]+); to fix it: .+\n$/i,
    );
    expect({ status, stdout, files: contentsOf(folder) }).toEqual({ status: 2, stdout: '', files: ['config.yaml'] });
  });
});
