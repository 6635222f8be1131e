/** Steps per chunk: the thread is free between chunks only, and on a device the state may be copied with each. */
export interface Pace {
  /** Length of the next chunk. */
  steps(): number;
  /** What the last chunk took. */
  observe(steps: number, seconds: number): void;
}

const shortestSeconds = 0.2;
/** A run is interrupted between chunks: nobody should wait longer. */
const longestSeconds = 0.5;
/** Of a chunk's time, what copies between host and device may take. */
const transferShare = 0.05;
const largestChunkBytes = 64 * 2 ** 20;

/**
 * A chunk's length changes no result. It takes about 0.2 s, or longer where copies would take more than their share of
 * that, up to 0.5 s.
 * @param stepBytes Bytes of one batch.
 * @param perChunkMilliseconds Of copies that a chunk of any length needs.
 */
export function pace(stepBytes: number, perChunkMilliseconds = 0): Pace {
  const fixed = perChunkMilliseconds / 1000;
  const whole = Math.min(longestSeconds, Math.max(shortestSeconds, fixed / transferShare));
  const computing = whole - Math.min(fixed, whole / 2);
  const most = Math.max(1, Math.floor(largestChunkBytes / stepBytes));
  let next = 1;
  return {
    steps: () => next,
    observe(steps, seconds) {
      const fitting = Math.max(1, Math.floor((computing * steps) / Math.max(seconds - fixed, 1e-6)));
      next = Math.min(most, fitting, next * 4); // grows slowly: the first chunk also pays for warming up
    },
  };
}
