import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../support/errors.js';
import { type ChosenDevice, chooseDevice, type EngineChoice, type Inspection, openEngine } from './choose-device.js';
import { deviceName } from './device.js';
import { bare, fakeFacts, fakeMachine, software } from './facts.fixture.js';

const choose = (choice: Partial<EngineChoice>, look: Inspection) =>
  chooseDevice({ name: 'compiled', device: 'auto', ...choice }, look);

describe('auto', () => {
  test.each<[failing: string[], name: EngineChoice['name'], chosen: string]>([
    [[], 'compiled', 'compiled on cuda'],
    [['compiled on cuda', 'tfjs on cuda'], 'compiled', 'compiled on webgpu'],
    [['compiled on cuda', 'tfjs on cuda', 'compiled on webgpu'], 'compiled', 'compiled on cpu'],
    [['tfjs on cuda'], 'tfjs', 'tfjs on cpu'],
  ])('where %j fail, %s takes %s', async (failing, name, expected) => {
    const { chosen, notes } = await choose({ name }, fakeMachine(fakeFacts(), failing).look);
    expect(deviceName(chosen.candidate)).toBe(expected);
    expect(notes.join()).toContain(failing.length === 3 || expected === 'tfjs on cpu' ? 'it failed' : expected);
    for (const failed of failing) if (notes.join().includes('it failed')) expect(notes.join()).toContain(failed);
  });

  test('says the adapter', async () => {
    const { chosen, notes } = await choose({}, fakeMachine(fakeFacts()).look);
    const why = 'auto: the first that passes a training step is compiled on cuda (NVIDIA L4 no. 0, driver 580.95.05)';
    expect(chosen.why).toBe(why);
    expect(notes).toEqual([why]);
    expect(chosen.adapter).toMatchObject({ adapter: 'NVIDIA L4 no. 0', memoryBytes: 24 * 2 ** 30 });
  });

  test('takes the CPU before a software adapter, which it does not try', async () => {
    const facts = { ...bare, gpuFiles: () => ['/dev/dri/renderD128'] };
    const { look, probed } = fakeMachine({ ...facts, graphicsAdapters: async () => [software] });
    const { chosen, notes } = await choose({}, look);
    expect(chosen.candidate).toEqual({ engine: 'compiled', device: 'cpu' });
    expect(probed).toEqual([]);
    expect(notes.join()).toMatch(/compiled on webgpu: llvmpipe \(LLVM 19\) is a software adapter.*ple doctor/);
  });

  test('on a machine without a GPU tries nothing, has nothing to note, and keeps the reasons', async () => {
    const { look, probed } = fakeMachine(bare);
    const { chosen, notes } = await choose({ threads: 2, spinning: false }, look);
    expect(chosen).toMatchObject({ candidate: { engine: 'compiled', device: 'cpu' }, threads: 2, spinning: false });
    expect(chosen.why).toMatch(
      /^auto: no GPU is usable: compiled on cuda: .*; tfjs on cuda: .*; compiled on webgpu: there is no GPU/,
    );
    expect({ notes, probed }).toEqual({ notes: [], probed: [] });
  });
});

describe('a device that is named', () => {
  test.each(['cuda', 'webgpu'] as const)('is taken alone: %s', async (device) => {
    const { look, probed } = fakeMachine(fakeFacts(), ['tfjs on cuda']);
    const { chosen, notes } = await choose({ device }, look);
    expect(chosen).toMatchObject({ candidate: { engine: 'compiled', device }, why: 'asked for' });
    expect({ probed, notes }).toEqual({ probed: [`compiled on ${device}`], notes: [] });
  });

  test.each([
    [
      'compiled',
      'cuda',
      bare,
      /^engine\.device: cuda is not usable by the compiled engine: there is no NVIDIA driver; to fix it: install the NVIDIA driver \(docs\/gpu\.md has the version\), then ple setup cuda --only onnxruntime$/,
    ],
    ['compiled', 'cuda', fakeFacts(), /it failed; to fix it: mend it$/],
  ] as const)('and cannot be used is an error: %s on %s', async (name, device, facts, message) => {
    const { look } = fakeMachine(facts, ['compiled on cuda']);
    const failure = await choose({ name, device }, look).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof ConfigError)) expect.fail('no ConfigError');
    expect(failure.exitCode).toBe(2);
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toContain('\n');
  });
});

describe('tfjs on the CPU', () => {
  const tfjs = { name: 'tfjs', device: 'cpu' } as const;

  test('is TensorFlow, or an error that says how to get it', async () => {
    const { chosen, notes } = await choose(tfjs, fakeMachine(bare).look);
    expect({ chosen, notes }).toMatchObject({ chosen: { candidate: { engine: 'tfjs', device: 'cpu' } }, notes: [] });
    await expect(choose(tfjs, fakeMachine(bare, ['tfjs on cpu']).look)).rejects.toThrow(
      /^engine\.device: cpu is not usable by the tfjs engine: it failed; to fix it: mend it, or say engine\.library=javascript$/,
    );
  });

  test.each(['auto', 'cpu'] as const)('is plain JavaScript where it is asked for, with device %s', async (device) => {
    const { look, probed } = fakeMachine(fakeFacts());
    const { chosen, notes } = await choose({ name: 'tfjs', device, library: 'javascript' }, look);
    expect(chosen.candidate).toEqual({ engine: 'tfjs', device: 'cpu', pureJs: true });
    expect({ probed, notes }).toEqual({ probed: [], notes: [expect.stringMatching(/plain JavaScript.*checks only/)] });
  });
});

test('threads beyond four times the cores are refused', async () => {
  await expect(choose({ threads: 1_000_000 }, fakeMachine(bare).look)).rejects.toThrow(/engine\.threads: 1000000/);
});

test('a chosen device is opened without another look, also after it went to another process', async () => {
  const { look } = fakeMachine(bare);
  const { chosen } = await choose({ threads: 1 }, look);
  const sent: ChosenDevice = JSON.parse(JSON.stringify(chosen));
  const never: Inspection = {
    facts: bare,
    probe: () => {
      throw new Error('looked at');
    },
  };
  const opened = await openEngine(sent, never);
  expect(opened.engine).toMatchObject({ name: 'compiled', device: 'cpu', threads: 1 });
  expect({ why: opened.chosen.why, notes: opened.notes }).toEqual({ why: chosen.why, notes: [] });
});
