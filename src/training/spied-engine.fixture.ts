import type { Engine } from '../engine/engine.js';
import type { HostArrays } from '../support/arrays.js';

/** For tests: an engine that shows every chunk before it is run. */
export function spiedEngine(engine: Engine, see: (chunk: HostArrays) => void): Engine {
  return {
    ...engine,
    async compile(step, signature) {
      const program = await engine.compile(step, signature);
      return {
        ...program,
        run(chunk) {
          see(chunk);
          return program.run(chunk);
        },
      };
    },
  };
}
