import { describe, expect, test, vi } from 'vitest';
import { tf } from '../../support/tf.js';
import { randomChunk, signature, step } from '../training-step.fixture.js';
import { nativeBackend, pureJs } from './backends.js';
import { createTfjsEngine } from './tfjs-engine.js';

/** What the packages do when they are loaded: they register their backend and make it the active one. */
function load(name: string): void {
  const cpu = tf.findBackend('cpu');
  if (!cpu) throw new Error('no cpu backend');
  const backend = Object.create(cpu, { isUsingGpuDevice: { value: 0 } });
  tf.registerBackend('tensorflow', () => backend, 3);
  for (const kernel of tf.getKernelsForBackend('cpu')) tf.registerKernel({ ...kernel, backendName: 'tensorflow' });
  if (!tf.setBackend('tensorflow')) throw new Error(name);
}

describe('a package of tfjs-node', () => {
  test('is loaded once, leaves the active backend as it was, and trains', async () => {
    await tf.setBackend('cpu');
    const names: string[] = [];
    const loading = (name: string) => {
      names.push(name);
      load(name);
    };
    const backend = nativeBackend('cpu', { threads: 3 }, loading);
    expect(backend).toEqual({ name: 'tensorflow', device: 'cpu', threads: 3 });
    expect(tf.getBackend()).toBe('cpu');
    expect(nativeBackend('cpu', { threads: 2 }, loading).threads).toBe(3); // TensorFlow has its threads by then
    expect(names).toEqual(['cpu']);
    expect(process.env.TF_CPP_MIN_LOG_LEVEL).toBeDefined();

    const [native, expected] = [backend, pureJs].map(async (one) => {
      const program = await createTfjsEngine(one).compile(step, signature);
      return [await program.run(randomChunk(2)), await program.readState()];
    });
    expect(await native).toEqual(await expected);
  });

  test('does not go with the other in one process', () => {
    expect(() => nativeBackend('cuda', {}, load)).toThrow(/TensorFlow for the CPU or for GPUs/);
  });

  test.each([
    ['3,GPU-12ab', 1, 'GPU-12ab'],
    ['2', 1, '-1'],
    ['3,GPU-12ab', undefined, '3'], // the addon would keep the last
    [undefined, undefined, '0'],
  ])('of the GPUs %s sees the one with the id %s alone, and none that is hidden', async (visible, deviceId, chosen) => {
    vi.resetModules();
    vi.stubEnv('CUDA_VISIBLE_DEVICES', visible);
    try {
      const backends = await import('./backends.js');
      const seen: (string | undefined)[] = [];
      const loading = () => void seen.push(process.env.CUDA_VISIBLE_DEVICES);
      expect(() => backends.nativeBackend('cuda', { deviceId }, loading)).toThrow(/found no GPU/);
      expect(seen).toEqual([chosen]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
