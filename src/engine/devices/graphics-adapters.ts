import { run } from './system-command.js';

/** A graphics adapter that the system knows. */
export interface GraphicsAdapter {
  readonly name: string;
  readonly driver: string | null;
  readonly memoryBytes: number | null;
  /** It is emulated on the CPU. */
  readonly software: boolean;
  /** It shares memory with the CPU. */
  readonly integrated: boolean;
}

/** The adapters that `vulkaninfo` lists. Null: it is not here, or failed. */
export async function graphicsAdapters(): Promise<readonly GraphicsAdapter[] | null> {
  const text = await run('vulkaninfo', ['--summary']);
  return text === null ? null : adaptersOfVulkan(text);
}

/**
 * The adapter that ONNX Runtime's WebGPU uses. It asks for high performance: a discrete GPU before an integrated one,
 * and a software one last. ONNX Runtime does not report its choice.
 */
export function preferred(adapters: readonly GraphicsAdapter[]): GraphicsAdapter | undefined {
  const rank = ({ software, integrated }: GraphicsAdapter) => (software ? 2 : integrated ? 1 : 0);
  return adapters.toSorted((a, b) => rank(a) - rank(b))[0];
}

/**
 * Parses `vulkaninfo --summary`: below `Devices:`, a block `GPU<n>:` of `key = value` lines for each. Null: another
 * format.
 */
export function adaptersOfVulkan(text: string): readonly GraphicsAdapter[] | null {
  if (!/^Devices:\s*$/m.test(text)) return null;
  return text
    .split(/^GPU\d+:\s*$/m)
    .slice(1)
    .flatMap((block) => {
      const value = (key: string) => new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, 'm').exec(block)?.[1] ?? null;
      const [name, type] = [value('deviceName'), value('deviceType')];
      if (name === null) return [];
      const driver = [value('driverName'), value('driverInfo')].filter((part) => part !== null).join(' ');
      return {
        name,
        driver: driver === '' ? null : driver,
        memoryBytes: null,
        software: type === 'PHYSICAL_DEVICE_TYPE_CPU',
        integrated: type === 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
      };
    });
}
