import type { Inspection } from './choose-device.js';
import { type Candidate, deviceName, unusable } from './device.js';
import type { Facts } from './facts.js';
import { checkStatically } from './static-checks.js';

/** For tests: a Linux machine on which nothing is missing, with one NVIDIA GPU. */
export function fakeFacts(changes: Partial<Facts> = {}): Facts {
  return {
    platform: 'linux',
    processor: () => 'A processor',
    nvidiaDriver: () => '580.95.05',
    gpuFiles: () => ['/dev/nvidia0', '/dev/dri/renderD128'],
    nvidiaGpus: async () => [fakeGpu(0)],
    graphicsAdapters: async () => [hardware],
    cudaLibraries: () => 'here',
    ...changes,
  };
}

export const fakeGpu = (index: number) => ({
  index,
  uuid: `GPU-${index}`,
  name: `NVIDIA L4 no. ${index}`,
  memoryBytes: 24 * 2 ** 30,
  driver: '580.95.05',
});

const hardware = {
  name: 'AMD Radeon RX 7900',
  driver: 'radv Mesa 25',
  memoryBytes: null,
  software: false,
  integrated: false,
};

export const software = { ...hardware, name: 'llvmpipe (LLVM 19)', driver: 'llvmpipe Mesa 25', software: true };

/** A machine without any GPU. */
export const bare = fakeFacts({
  nvidiaDriver: () => null,
  gpuFiles: () => [],
  nvidiaGpus: async () => null,
  graphicsAdapters: async () => null,
  cudaLibraries: () => 'absent',
});

/** A machine with these facts; a smoke step trains on all devices but `failing`. */
export function fakeMachine(facts: Facts, failing: readonly string[] = []) {
  const probed: string[] = [];
  const look: Inspection = {
    facts,
    async probe(candidate: Candidate) {
      const found = await checkStatically(candidate, facts);
      if ('usable' in found) return found;
      probed.push(deviceName(candidate));
      if (failing.includes(deviceName(candidate))) return unusable('it failed', 'mend it');
      return { usable: true, ...found, smoke: { stepMilliseconds: 1, largestDifference: 0 } };
    },
  };
  return { look, probed };
}
