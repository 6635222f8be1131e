import type { Engine } from '../engine.js';
import { createCompiledEngine } from '../run/compiled-engine.js';
import { nativeBackend, pureJs } from '../tfjs/backends.js';
import { createTfjsEngine } from '../tfjs/tfjs-engine.js';
import type { Candidate } from './device.js';

export interface EngineResources {
  /** Default: all cores. */
  readonly threads?: number | undefined;
  /** False lets waiting threads sleep. Use it for several processes on one machine. */
  readonly spinning?: boolean | undefined;
}

/** The engine on this device, untested. Errors of its library are passed on. */
export function engineOn(
  { engine, device, deviceId, pureJs: inJavaScript }: Candidate,
  { threads, spinning }: EngineResources = {},
): Engine {
  if (device === 'cuda') process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'; // number GPUs as nvidia-smi does, not fastest first
  if (engine === 'compiled') return createCompiledEngine({ device, deviceId, threads, spinning });
  if (device === 'webgpu') throw new Error('the tfjs engine has no WebGPU');
  return createTfjsEngine(inJavaScript ? pureJs : nativeBackend(device, { deviceId, threads }));
}
