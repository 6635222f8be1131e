import { availableParallelism } from 'node:os';
import { ConfigError } from '../support/errors.js';
import { createCompiledEngine } from './compiled/compiled-engine.js';
import type { Engine } from './engine.js';
import { pureJs } from './tfjs/backends.js';
import { createTfjsEngine } from './tfjs/tfjs-engine.js';

/** The `engine` part of a config. */
export interface EngineChoice {
  readonly name: 'compiled' | 'tfjs';
  readonly device: 'auto' | 'cpu' | 'cuda' | 'webgpu';
  /** Default: all cores. */
  readonly threads?: number | undefined;
  /** False lets waiting threads sleep: for several processes on one machine. */
  readonly spinning?: boolean | undefined;
}

/** Fails on a device that this build does not have, rather than train on another. */
export function createEngine({ name, device, threads, spinning }: EngineChoice): Engine {
  if (device === 'cuda' || device === 'webgpu') {
    throw new ConfigError(
      `engine.device: ${device} is not available, this build trains on the CPU only; say cpu or auto.`,
    );
  }
  const most = 4 * availableParallelism();
  if (threads !== undefined && threads > most) {
    throw new ConfigError(
      `engine.threads: ${threads} is more than four times this machine's cores; say ${most} or fewer.`,
    );
  }
  return name === 'compiled' ? createCompiledEngine({ threads, spinning }) : createTfjsEngine(pureJs);
}
