import { elementCount, float32, type HostArray } from '../../support/arrays.js';
import type { ArraySpec, Transfers } from '../engine.js';
import { encodeModel, intAttribute, valueInfo } from './onnx-format.js';
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

/** Names of a copying model's inputs and outputs. */
export const copyNames = {
  from: (name: string) => `from:${name}`,
  to: (name: string) => `to:${name}`,
  part: (index: number) => `part:${index}`,
  whole: 'whole',
};

/**
 * A model that returns its inputs. It moves arrays between host and device, depending on where results are requested.
 */
export function copyModel(arrays: Readonly<Record<string, ArraySpec>>): Uint8Array {
  const entries = Object.entries(arrays);
  return encodeModel({
    name: 'copy',
    node: entries.map(([name]) => ({
      op_type: 'Identity',
      name: `copy ${name}`,
      input: [copyNames.from(name)],
      output: [copyNames.to(name)],
      attribute: [],
    })),
    initializer: [],
    input: entries.map(([name, { dtype, shape }]) => valueInfo(copyNames.from(name), dtype, shape)),
    output: entries.map(([name, { dtype, shape }]) => valueInfo(copyNames.to(name), dtype, shape)),
  });
}

/** A model that concatenates `count` rows of `size` elements. */
export function joinModel(dtype: HostArray['dtype'], size: number, count: number): Uint8Array {
  const parts = Array.from({ length: count }, (_, index) => copyNames.part(index));
  return encodeModel({
    name: 'join',
    node: [
      {
        op_type: 'Concat',
        name: 'join',
        input: parts,
        output: [copyNames.whole],
        attribute: [intAttribute('axis', 0)],
      },
    ],
    initializer: [],
    input: parts.map((name) => valueInfo(name, dtype, [size])),
    output: [valueInfo(copyNames.whole, dtype, [count * size])],
  });
}
