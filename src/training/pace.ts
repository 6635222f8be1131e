/** Steps per chunk. The thread is free only between chunks, and a device may copy the state with each chunk. */
export interface Pace {
  /** Length of the next chunk. */
  steps(): number;
  /** Reports the time of the last chunk. */
  observe(steps: number, seconds: number): void;
}

const shortestSeconds = 0.2;
/** The longest chunk, because a run is interrupted between chunks. */
const longestSeconds = 0.5;
/** The share of a chunk's time that copies between host and device may take. */
const transferShare = 0.05;
const largestChunkBytes = 64 * 2 ** 20;

/**
 * A chunk takes about 0.2 s. It takes up to 0.5 s if copies would otherwise exceed their share. Its length changes no
 * result.
 * @param stepBytes bytes of one batch
 * @param perChunkMilliseconds time of copies that a chunk of any length needs
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
