import { isRecord, run } from './system-command.js';

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

/** The adapters of this machine from the system's own tool. Null: the tool is missing or failed. */
export async function graphicsAdapters(platform: NodeJS.Platform): Promise<readonly GraphicsAdapter[] | null> {
  if (platform === 'darwin') {
    const text = await run('system_profiler', ['SPDisplaysDataType', '-json']);
    return text === null ? null : adaptersOfMac(text);
  }
  if (platform === 'win32') {
    const query = 'Get-CimInstance Win32_VideoController | Select-Object Name,DriverVersion | ConvertTo-Json';
    const text = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]);
    return text === null ? null : adaptersOfWindows(text);
  }
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

/** Parses `system_profiler SPDisplaysDataType -json`. */
export function adaptersOfMac(text: string): readonly GraphicsAdapter[] {
  const parsed = parsedJson(text);
  const list = isRecord(parsed) ? parsed.SPDisplaysDataType : undefined;
  return entries(list).flatMap((entry) => {
    const name = entry.sppci_model ?? entry._name;
    if (typeof name !== 'string') return [];
    const integrated = /^(Apple|Intel)\b/.test(name);
    return { name, driver: 'Metal', memoryBytes: null, software: /paravirtual/i.test(name), integrated };
  });
}

/** Parses PowerShell's `Win32_VideoController`: one object, or a list. */
export function adaptersOfWindows(text: string): readonly GraphicsAdapter[] {
  return entries(parsedJson(text)).flatMap(({ Name: name, DriverVersion: driver }) => {
    if (typeof name !== 'string') return [];
    return {
      name,
      driver: typeof driver === 'string' ? driver : null,
      memoryBytes: null,
      software: /Basic (Render|Display)|Remote Display|Hyper-V Video/i.test(name),
      integrated: /Intel.*(UHD|HD|Iris)|Radeon.*Graphics$/i.test(name),
    };
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function entries(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (Array.isArray(value) ? value : [value]).filter(isRecord);
}
