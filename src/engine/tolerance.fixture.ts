/** For tests: how near a number must come to what it should be. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** Of one kernel against the pure-JS backend, for numbers of order 1. */
export const kernelTolerance = {
  cpu: { absolute: 2e-6, relative: 1e-5 },
  cuda: { absolute: 2e-6, relative: 1e-5 },
  webgpu: { absolute: 2e-6, relative: 1e-5 },
} as const satisfies Record<string, Tolerance>;
