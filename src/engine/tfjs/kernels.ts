/** Kernels of tfjs-node that are replaced. */
export function registerKernels(_backendName: string): void {}
