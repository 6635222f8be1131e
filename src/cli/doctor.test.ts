import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bare, fakeMachine, software } from '../engine/devices/machine.fixture.js';
import { listContents, pleHere, printedBy, smallConfig, temporaryFolder } from './command.fixture.js';
import { examine } from './doctor.js';

const hasNvidia = existsSync('/dev/nvidia0');
const mixed = { adapters: software, failing: ['compiled on cuda', 'tfjs on cuda'] };
const all = ['compiled on cuda', 'tfjs on cuda', 'compiled on webgpu', 'compiled on cpu', 'tfjs on cpu'];

test.each([
  ['mixed', mixed],
  ['none', { ...bare, failing: all }],
] as const)('ple doctor on a machine with usable devices: %s', async (name, changes) => {
  const examined = (json: boolean) => printedBy(() => examine(json, fakeMachine(changes).machine));
  const [text, json] = [await examined(false), await examined(true)];
  expect([text.status, text.stderr, json.stderr]).toEqual([json.status, '', '']);
  const [facts = '', ...rest] = text.stdout.split('\n\n');
  expect(facts).toMatch(/^Node +v.*\nCPU .*\nmemory .* free\ndisk .* free in datasets\/cache$/);
  const { devices, auto, ...others } = JSON.parse(json.stdout);
  const keys = (value: object) => Object.keys(value).toSorted();
  expect(keys(others)).toEqual(['cpu', 'disks', 'memory', 'node', 'platform', 'schema']);
  expect([others.cpu, others.memory, others.disks[0]].map(keys)).toEqual([
    ['cores', 'model'],
    ['freeBytes', 'totalBytes'],
    ['folder', 'freeBytes'],
  ]);
  const shown = `exit ${text.status}\n${rest.join('\n\n')}${JSON.stringify({ devices, auto }, null, 2)}\n`;
  await expect(shown.replaceAll(others.cpu.model, 'A processor')).toMatchFileSnapshot(`goldens/doctor-${name}.txt`);
});

test('ple doctor tries every device once', async () => {
  const { machine, tried } = fakeMachine({ gpus: 2 });
  await printedBy(() => examine(false, machine));
  expect(tried).toEqual([
    ...['compiled on cuda 0', 'compiled on cuda 1', 'tfjs on cuda 0', 'tfjs on cuda 1'],
    ...['compiled on webgpu', 'compiled on cpu', 'tfjs on cpu', 'tfjs on cpu'],
  ]);
});

describe('ple train', () => {
  const train = (folder: string, ...words: string[]) =>
    pleHere(['train', '--config', smallConfig(folder), 'train.epochs=1', ...words], { cwd: folder });

  test.skipIf(hasNvidia)('with cuda fails in one line, and trains on nothing else', async () => {
    const folder = temporaryFolder();
    const { status, stdout, stderr } = await train(folder, 'engine.device=cuda');
    expect(stderr).toMatch(
      /^ple: engine\.device: cuda cannot be used by the compiled engine: there is no NVIDIA GPU \(.*\); docs\/gpu\.md \(CUDA\) has the fix\.\n$/,
    );
    expect({ status, stdout, files: listContents(folder) }).toEqual({ status: 2, stdout: '', files: ['config.yaml'] });
  });
});
