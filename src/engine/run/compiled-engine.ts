import { availableParallelism } from 'node:os';
import type { CompiledDevice, Engine } from '../engine.js';
import { loadCudaRuntime } from '../native/libraries.js';
import { trace } from '../record/trace.js';
import { scanProgram } from './scan-program.js';
import type { SessionOptions } from './session.js';
import { stepProgram } from './step-program.js';
import { measureTransfers, type TransferSpeed } from './transfers.js';

export interface CompiledOptions {
  /** Default: the CPU. A missing device is an error of ONNX Runtime. */
  readonly device?: CompiledDevice | undefined;
  /** CUDA device index; default: the first. */
  readonly deviceId?: number | undefined;
  /** Default: all cores. */
  readonly threads?: number | undefined;
  readonly spinning?: SessionOptions['spinning'];
  readonly wholly?: SessionOptions['wholly'];
}

/** An engine that records a step as an ONNX graph and runs it with ONNX Runtime. */
export function createCompiledEngine(options: CompiledOptions = {}): Engine {
  const { device = 'cpu', deviceId, threads = availableParallelism(), spinning, wholly } = options;
  if (device === 'cuda') loadCudaRuntime();
  const session: SessionOptions = { device, deviceId, threads, spinning, wholly };
  let measured: Promise<TransferSpeed> | undefined;
  const speed = () => {
    measured ??= measureTransfers(session);
    return measured;
  };
  return {
    name: 'compiled',
    device,
    ...(deviceId === undefined ? {} : { deviceId }),
    threads,
    async compile(step, signature) {
      const recording = trace(step, signature);
      if (device === 'webgpu') return stepProgram(recording, signature, session, await speed());
      return scanProgram(recording, signature, session, device === 'cpu' ? null : await speed());
    },
  };
}
