import { describe, expect, test } from 'vitest';
import { bare, fakeFacts, fakeMachine, software } from '../engine/devices/facts.fixture.js';
import { machineFacts } from '../engine/devices/facts.js';
import { listContents, pleHere, printedBy, smallConfig, temporaryFolder } from './command.fixture.js';
import { examine } from './doctor.js';

const facts = machineFacts();
const hasNvidia = facts.nvidiaDriver() !== null;

const mixed = fakeFacts({ nvidiaDriver: () => null, graphicsAdapters: async () => [software] });
const all = ['compiled on webgpu', 'compiled on cpu', 'tfjs on cpu'];

test.each([
  ['mixed', mixed, []],
  ['none', bare, all],
] as const)('ple doctor on a machine with usable devices: %s', async (name, machine, failing) => {
  const examined = (json: boolean) => printedBy(() => examine(fakeMachine(machine, [...failing]).look, json));
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
  await expect(shown).toMatchFileSnapshot(`goldens/doctor-${name}.txt`);
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
    expect({ status, stdout, files: listContents(folder) }).toEqual({ status: 2, stdout: '', files: ['config.yaml'] });
  });
});
