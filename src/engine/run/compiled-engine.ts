import { availableParallelism } from 'node:os';
import type { CompiledDevice, Engine, Signature, Step } from '../engine.js';
import { touchedRows } from '../lower/touched-rows.js';
import { loadCudaRuntime } from '../native/libraries.js';
import { liveNodes, type StepGraph } from '../record/graph.js';
import { trace } from '../record/trace.js';
import { arrayNamed } from '../signature.js';
import { rowProgram, type TableGroup, tableGroups } from './row-program.js';
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
  const speed = () => (measured ??= measureTransfers(session));
  return {
    name: 'compiled',
    device,
    deviceId,
    threads,
    async compile(step, signature) {
      if (device === 'webgpu') return stepProgram(trace(step, signature), signature, session, await speed());
      const copies = device === 'cpu' ? null : await speed();
      const { recording, groups } = recorded(step, signature);
      const { graph, next, outputs } = recording;
      const nodes = liveNodes(graph, [...next.values(), ...outputs.values()]);
      const isRead = copies === null && !nodes.some(({ op }) => op === 'ScatterND');
      if (groups.length > 0 && isRead) return scanProgram(trace(step, signature), signature, session, null);
      if (groups.length > 0) return rowProgram(recording, signature, groups, session, copies);
      return scanProgram(recording, signature, session, copies);
    },
  };
}

/** A step on the rows of tables that a batch can name, where it reads and changes those alone. */
function recorded(step: Step, signature: Signature): { recording: StepGraph; groups: readonly TableGroup[] } {
  let groups: readonly TableGroup[] = tableGroups(signature);
  for (;;) {
    const short = groups.flatMap(({ states, count }) =>
      states.map(
        (name) => [name, { dtype: 'float32', shape: arrayNamed(signature.state, name).shape.with(0, count) }] as const,
      ),
    );
    try {
      const recording = trace(step, { ...signature, state: { ...signature.state, ...Object.fromEntries(short) } });
      const touched = touchedRows(recording, groups);
      if (touched.length === groups.length) return { recording, groups };
      groups = groups.filter((group) => touched.includes(group));
    } catch (error) {
      if (groups.length === 0) throw error;
      groups = []; // the step has an array of a whole table's size
    }
  }
}
