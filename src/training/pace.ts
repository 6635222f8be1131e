/** Steps per chunk, so that a chunk takes about `targetSeconds`: the engine blocks the thread while it runs one. */
export interface Pace {
  /** Length of the next chunk. */
  steps(): number;
  /** What the last chunk took. */
  observe(steps: number, seconds: number): void;
}

const targetSeconds = 0.2;
const largestChunkBytes = 64 * 2 ** 20;

/** @param stepBytes Bytes of one batch. A chunk's length changes no result, only how often the thread is free. */
export function pace(stepBytes: number): Pace {
  const most = Math.max(1, Math.floor(largestChunkBytes / stepBytes));
  let next = 1;
  return {
    steps: () => next,
    observe(steps, seconds) {
      const fitting = Math.max(1, Math.floor((targetSeconds * steps) / Math.max(seconds, 1e-6)));
      next = Math.min(most, fitting, next * 4); // grows slowly: the first chunk also pays for warming up
    },
  };
}
