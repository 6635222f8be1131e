import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { machineFacts } from '../engine/devices/facts.js';
import { contentsOf, type Finished, ple, smallConfig, temporaryFolder } from './command.fixture.js';

const facts = machineFacts();
const hasNvidia = facts.nvidiaDriver() !== null;
const isLinux = process.platform === 'linux';

const number = z.number().nonnegative();
const schema = z.strictObject({
  schema: z.literal(1),
  node: z.literal(process.version),
  platform: z.string(),
  cpu: z.strictObject({
    model: z.string().nullable(),
    cores: z.int().positive(),
    features: z.array(z.string()).nullable(),
  }),
  memory: z.strictObject({ totalBytes: number, freeBytes: number }),
  disks: z.array(z.strictObject({ folder: z.string(), freeBytes: number.nullable() })).length(2),
  devices: z.array(
    z.looseObject({ engine: z.enum(['compiled', 'tfjs']), device: z.enum(['cpu', 'cuda', 'webgpu']) }).and(
      z.union([
        z.looseObject({ usable: z.literal(false), reason: z.string().min(10), mend: z.string().min(3) }),
        z.looseObject({
          usable: z.literal(true),
          adapter: z.string().nullable(),
          driver: z.string().nullable(),
          memoryBytes: number.nullable(),
          software: z.boolean().nullable(),
          smoke: z.strictObject({ stepMilliseconds: number, largestDifference: number.max(0.01) }),
        }),
      ]),
    ),
  ),
  auto: z.looseObject({ engine: z.string(), device: z.string(), why: z.string() }),
});

describe('ple doctor', () => {
  let doctor: Finished;
  let work = '';
  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'ple-doctor-'));
    doctor = await ple(['doctor', '--json'], { cwd: work });
  });
  afterAll(() => rmSync(work, { recursive: true }));
  const found = () => schema.parse(JSON.parse(doctor.stdout));
  const deviceOf = (engine: string, device: string) =>
    found().devices.find((one) => one.engine === engine && one.device === device);

  test('exits 0, since the CPU can train, and leaves nothing behind', () => {
    expect(doctor.status, doctor.stderr).toBe(0);
    expect(deviceOf('compiled', 'cpu')).toMatchObject({ usable: true });
    expect(contentsOf(work)).toEqual([]);
  });

  test('tells of every engine on every device', () => {
    expect(new Set(found().devices.map(({ engine, device }) => `${engine} ${device}`))).toEqual(
      new Set(['compiled cuda', 'tfjs cuda', 'compiled webgpu', 'compiled cpu', 'tfjs cpu']),
    );
  });

  test('prints nothing but progress beside', () => {
    for (const line of doctor.stderr.split('\n')) expect(line).toMatch(/^(Trying (compiled|tfjs) on .*…)?$/);
  });

  test.skipIf(hasNvidia)('tells what CUDA lacks, and what auto takes without it', () => {
    expect(deviceOf('compiled', 'cuda')).toMatchObject({ reason: expect.stringContaining('no NVIDIA driver') });
    expect(deviceOf('tfjs', 'cuda')).toMatchObject({ usable: false, reason: expect.stringMatching(/tfjs-node-gpu/) });
    expect(found().auto.why).toMatch(/^auto: /);
  });

  test('as text has a row for each, reasons and what mends them', async () => {
    const { status, stdout } = await ple(['doctor']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Node +v\d+.*\nCPU +.*\nmemory +[\d.]+ GB, [\d.]+ GB free\ndisk +/);
    for (const { engine, device, usable } of found().devices) {
      expect(stdout).toMatch(new RegExp(`^${engine} on ${device}\\b.*  ${usable ? 'yes' : 'no'}  `, 'm'));
    }
    for (const one of found().devices) {
      if (!one.usable) expect(stdout).toContain(`${one.reason}.\n  To fix it: ${one.mend}\n`);
      else if (one.software) expect(stdout).toContain(`${one.adapter}, driver ${one.driver}, a software adapter`);
    }
    expect(stdout).toContain(`engine.device=auto takes ${found().auto.engine} on ${found().auto.device}`);
  });
});

describe('ple train', () => {
  const train = (folder: string, ...words: string[]) =>
    ple(['train', '--config', smallConfig(folder), 'train.epochs=1', ...words], { cwd: folder });

  test.skipIf(hasNvidia).each([
    ['compiled', /^ple: engine\.device: cuda is not usable by the compiled engine: .*[lC]UDA.*; to fix it: .+\n$/i],
    [
      'tfjs',
      /^ple: engine\.device: cuda is not usable by the tfjs engine: @tensorflow\/tfjs-node-gpu .*; to fix it: .+\n$/,
    ],
  ])('with cuda on the %s engine fails in one line, and trains on nothing else', async (name, line) => {
    const folder = temporaryFolder();
    const { status, stdout, stderr } = await train(folder, 'engine.device=cuda', `engine.name=${name}`);
    expect(stderr).toMatch(line);
    expect({ status, stdout, files: contentsOf(folder) }).toEqual({ status: 2, stdout: '', files: ['config.yaml'] });
  });

  test.skipIf(hasNvidia || facts.gpuFiles().length > 0 || !isLinux)(
    'with auto on a machine without a GPU takes the CPU, and says why',
    async () => {
      const folder = temporaryFolder();
      const { status, stderr } = await train(folder, 'engine.device=auto');
      expect(status, stderr).toBe(0);
      expect(stderr).toContain('compiled engine on cpu, as auto found no usable GPU (see ple doctor)\n');
      const [run] = contentsOf(join(folder, 'runs'));
      const environment = JSON.parse(readFileSync(join(folder, 'runs', String(run), 'environment.json'), 'utf8'));
      expect(environment.engine.why).toMatch(
        /^auto: no GPU is usable: compiled on cuda: .+; tfjs on cuda: .+; compiled on webgpu: .+/,
      );
    },
  );

  test.runIf(isLinux)('with webgpu trains as the CPU does, or fails in one line', async () => {
    const folder = temporaryFolder();
    const [there, adapters] = [await facts.hasVulkanLoader(), await facts.graphicsAdapters()];
    const { status, stderr } = await train(folder, 'engine.device=webgpu');
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
    const again = await train(folder, 'engine.device=cpu', '--overwrite');
    expect(again.status, again.stderr).toBe(0);
    const onCpu = read('result.json').tasks;
    for (const task of ['y1', 'y2'])
      expect(Math.abs(onGpu[task].test.nmse - onCpu[task].test.nmse)).toBeLessThan(0.002);
  });
});
