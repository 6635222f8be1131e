import { type Attempt, type Candidate, deviceName, type Machine } from './devices.js';

const nvidia = (index: number) => `${index}, GPU-${index}f, NVIDIA L4 no. ${index}, 23034 MiB, 580.95.05\n`;
const vulkan = (type: string, name: string) =>
  `GPU0:\n\tapiVersion = 1.4\n\tdeviceType         = PHYSICAL_DEVICE_TYPE_${type}\n\tdeviceName         = ${name}\n`;

export const software = vulkan('CPU', 'llvmpipe (LLVM 19)');
export const hardware = vulkan('DISCRETE_GPU', 'AMD Radeon RX 7900');

/**
 * For tests: a Linux machine with GPUs whose tools print this. All devices train but `failing`. `tried` has those that were
 * tried, `asked` the tools.
 */
export function fakeMachine({
  gpus = 1,
  adapters = hardware,
  failing = [],
  ...changes
}: Partial<Machine> & {
  readonly gpus?: number;
  readonly adapters?: string | null;
  readonly failing?: readonly string[];
} = {}) {
  const tried: string[] = [];
  const asked: string[] = [];
  const attempt = async (candidate: Candidate): Promise<Attempt> => {
    tried.push(deviceName(candidate));
    if (failing.includes(deviceName(candidate)))
      return { kind: 'failed', reason: 'it failed', printed: ['chatter', 'no driver'] };
    return { kind: 'trained', smoke: { stepMilliseconds: 1, largestDifference: 0 } };
  };
  const tools: Record<string, string | null> = {
    'nvidia-smi': Array.from({ length: gpus }, (_, index) => nvidia(index)).join(''),
    vulkaninfo: adapters,
  };
  const machine: Machine = {
    platform: 'linux',
    gpuFiles: () => ['/dev/nvidia0', '/dev/dri/renderD128'],
    async ask(tool) {
      asked.push(tool);
      return tools[tool] ?? null;
    },
    attempt,
    ...changes,
  };
  return { machine, tried, asked };
}

/** For tests: a machine without a GPU. */
export const bare = { gpus: 0, adapters: null, gpuFiles: () => [] };
