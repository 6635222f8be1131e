import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machineFacts } from '../engine/devices/facts.js';
import { contentsOf, ple, smallConfig, temporaryFolder } from './command.fixture.js';
import { newUser } from './footprint.fixture.js';
import { doctorSchema } from './output-contract.fixture.js';

const facts = machineFacts();

test('ple doctor finds that the CPU can train, prints nothing but progress beside, and leaves nothing behind', async () => {
  const user = newUser(); // drivers keep compiled shaders in a cache
  const { status, stdout, stderr } = await ple(['doctor', '--json'], { cwd: user.work, env: user.env });
  expect(status, stderr).toBe(0);
  const { devices } = doctorSchema.parse(JSON.parse(stdout));
  const cpu = devices.find(({ engine, device }) => engine === 'compiled' && device === 'cpu');
  expect(cpu).toMatchObject({ usable: true });
  for (const line of stderr.split('\n')) expect(line).toMatch(/^(Trying (compiled|tfjs) on .*…)?$/);
  expect(contentsOf(user.work)).toEqual([]);
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
});

test.runIf(process.platform === 'linux')(
  'ple train with webgpu trains as the CPU does, or fails in one line',
  async () => {
    const folder = temporaryFolder();
    const [there, adapters] = [await facts.hasVulkanLoader(), await facts.graphicsAdapters()];
    const train = (...words: string[]) =>
      ple(['train', '--config', smallConfig(folder), 'train.epochs=1', ...words], { cwd: folder });
    const { status, stderr } = await train('engine.device=webgpu');
    if (!there || adapters?.length === 0) {
      expect(stderr).toMatch(
        /^ple: engine\.device: webgpu is not usable by the compiled engine: [^\n]*Vulkan[^\n]*\n$/,
      );
      return expect(status).toBe(2);
    }
    expect(status, stderr).toBe(0);
    const [run] = contentsOf(join(folder, 'runs'));
    const read = (file: string) => JSON.parse(readFileSync(join(folder, 'runs', String(run), file), 'utf8'));
    expect(read('environment.json').engine).toMatchObject({ name: 'compiled', device: 'webgpu', why: 'asked for' });
    expect(read('environment.json').engine.adapter).toEqual(adapters === null ? null : expect.any(String));
    const onGpu = read('result.json').tasks;
    const again = await train('engine.device=cpu', '--overwrite');
    expect(again.status, again.stderr).toBe(0);
    const onCpu = read('result.json').tasks;
    for (const task of ['y1', 'y2'])
      expect(Math.abs(onGpu[task].test.nmse - onCpu[task].test.nmse)).toBeLessThan(0.002);
  },
);
