import { availableParallelism } from 'node:os';
import type { HostArray, HostArrays } from '../../support/arrays.js';
import type { Engine, Program, Signature } from '../engine.js';
import { check, copyOf, named, stepsOf } from '../signature.js';
import { countFlops } from './graph.js';
import { modelNames, type ScanModel, scanModel } from './scan-model.js';
import { openSession, type Session, type SessionOptions } from './session.js';
import { trace } from './trace.js';

export interface CompiledOptions {
  /** Default: all cores. */
  readonly threads?: number | undefined;
  readonly spinning?: SessionOptions['spinning'];
}

/** An engine that records a step as an ONNX graph and runs it with ONNX Runtime. */
export function createCompiledEngine(options: CompiledOptions = {}): Engine {
  const device = 'cpu';
  const threads = options.threads ?? availableParallelism();
  return {
    name: 'compiled',
    device,
    threads,
    async compile(step, signature) {
      const model = scanModel(trace(step, signature));
      const session = await openSession(model.bytes, { ...options, device, threads });
      return program(model, session, signature);
    },
  };
}

function program(model: ScanModel, session: Session, signature: Signature): Program {
  const state = new Map(Object.entries(signature.state).map(([name, array]) => [name, copyOf(array)]));
  const fetches = [...model.changed.map(modelNames.next), ...model.outputs.map(modelNames.output)];
  let released = false;
  return {
    flops: countFlops(model.nodes),

    async run(chunk) {
      if (released) throw new Error('the program was released');
      const steps = stepsOf(chunk, signature.batch);
      if (steps === 0) throw new Error('a chunk without steps');
      const feeds: Record<string, HostArray> = {};
      for (const name of [...model.changed, ...model.read]) {
        const value = state.get(name);
        if (value) feeds[modelNames.state(name)] = value;
      }
      for (const name of Object.keys(signature.batch)) feeds[modelNames.batch(name)] = named(chunk, name);
      const results = await session.run(feeds, fetches);
      for (const name of model.changed) state.set(name, named(results, modelNames.next(name)));
      return Object.fromEntries(model.outputs.map((name) => [name, named(results, modelNames.output(name))]));
    },

    async readState(): Promise<HostArrays> {
      return Object.fromEntries(Array.from(state, ([name, value]) => [name, copyOf(value)]));
    },

    async writeState(values) {
      for (const [name, value] of Object.entries(values)) {
        check(name, value, named(signature.state, name));
        state.set(name, copyOf(value));
      }
    },

    async release() {
      if (released) return;
      released = true;
      state.clear();
      await session.release();
    },
  };
}
