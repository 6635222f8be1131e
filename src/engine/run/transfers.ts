import { elementCount, float32, type HostArray } from '../../support/arrays.js';
import type { ArraySpec, Transfers } from '../engine.js';
import { copyModel, copyNames } from './copy-models.js';
import { openSession, type SessionOptions } from './session.js';

/** Time of a copy between host and device: `callMilliseconds` per round trip, plus a time for each byte one way. */
export interface TransferSpeed {
  readonly callMilliseconds: number;
  readonly byteMilliseconds: number;
}

const probeElements = 2 ** 22;
const probeRounds = 3;

/** Times round trips of two arrays to the device: one element, and 16 MiB. */
export async function measureTransfers(options: SessionOptions): Promise<TransferSpeed> {
  const roundTrip = async (elements: number) => {
    const array = float32([elements]);
    const session = await openSession(copyModel({ array }), options);
    try {
      const times: number[] = [];
      // The first round also compiles the device's kernels.
      for (let round = 0; round <= probeRounds; round++) {
        const started = performance.now();
        await session.run({ [copyNames.from('array')]: array }, [copyNames.to('array')]);
        if (round > 0) times.push(performance.now() - started);
      }
      return Math.min(...times);
    } finally {
      await session.release();
    }
  };
  const callMilliseconds = await roundTrip(1);
  const milliseconds = (await roundTrip(probeElements)) - callMilliseconds;
  return { callMilliseconds, byteMilliseconds: Math.max(0, milliseconds) / (2 * 4 * probeElements) };
}

/** Counts transfers and estimates their time from the measured speed, since ONNX Runtime does not report it. */
export class TransferMeter implements Transfers {
  readonly perChunkMilliseconds: number;
  toDeviceBytes = 0;
  fromDeviceBytes = 0;
  milliseconds = 0;
  readonly #speed: TransferSpeed;

  /** @param chunkBytes Bytes copied for every chunk, whatever its number of steps. */
  constructor(speed: TransferSpeed, chunkBytes: number) {
    this.#speed = speed;
    this.perChunkMilliseconds = chunkBytes * speed.byteMilliseconds + (chunkBytes > 0 ? speed.callMilliseconds : 0);
  }

  add(toDeviceBytes: number, fromDeviceBytes: number): void {
    const { callMilliseconds, byteMilliseconds } = this.#speed;
    this.toDeviceBytes += toDeviceBytes;
    this.fromDeviceBytes += fromDeviceBytes;
    this.milliseconds += (toDeviceBytes + fromDeviceBytes) * byteMilliseconds;
    if (fromDeviceBytes > 0) this.milliseconds += callMilliseconds;
  }
}

export function byteCount(arrays: Iterable<ArraySpec | HostArray>): number {
  let bytes = 0;
  for (const { shape } of arrays) bytes += 4 * elementCount(shape); // float32 and int32
  return bytes;
}
