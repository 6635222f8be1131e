/** A way to train: an engine on a device. */
export interface Candidate {
  readonly engine: 'compiled' | 'tfjs';
  readonly device: 'cpu' | 'cuda' | 'webgpu';
  /** GPU index, if CUDA sees several; default 0. */
  readonly deviceId?: number | undefined;
  /** tfjs on the CPU: the backend in plain JavaScript, not TensorFlow's library. */
  readonly pureJs?: boolean | undefined;
}

/** The hardware that a candidate would run on. Null: unknown. */
export interface Adapter {
  readonly adapter: string | null;
  readonly driver: string | null;
  readonly memoryBytes: number | null;
  /** A GPU emulated on the CPU. */
  readonly software: boolean | null;
}

/** Result of a few training steps on a candidate. */
export interface Smoke {
  readonly stepMilliseconds: number;
  /** Largest difference from the same steps on the pure-JS backend, over losses and state. */
  readonly largestDifference: number;
}

interface Usable extends Adapter {
  readonly usable: true;
  readonly smoke: Smoke;
}

export interface Unusable {
  readonly usable: false;
  /** A clause without a full stop. */
  readonly reason: string;
  /** The fix: a clause that says what to do, or a command. */
  readonly mend: string;
}

export type Finding = Usable | Unusable;

export function unusable(reason: string, mend: string): Unusable {
  return { usable: false, reason, mend };
}

export const unknownAdapter: Adapter = { adapter: null, driver: null, memoryBytes: null, software: null };

/** `compiled on cuda`. */
export function deviceName({ engine, device, deviceId }: Candidate): string {
  return `${engine} on ${device}${deviceId === undefined ? '' : ` ${deviceId}`}`;
}
