import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { cannotWriteFile } from '../support/files.js';
import { writeAll } from '../support/growing-file.js';
import type { TrackedParameter, TrackedRun, Tracker } from './tracker.js';

/** Codes of the hparams plugin. */
const statuses = { finished: 1, failed: 2, interrupted: 0 } as const;

/**
 * Writes a run's values to `tensorboard/` in its folder. The file is rewritten from the journal whenever the run starts or
 * resumes, so a run that was killed has every epoch once.
 *
 * A run has no `experiment` of the hparams plugin: TensorBoard would use the first that it finds for all runs. Without
 * one it lists the parameters of all runs.
 * @throws UserError if the folder cannot be written; so do its calls.
 */
export function tensorboardTracker({ folder, parameters, follow }: TrackedRun): Tracker {
  const file = createEventFile(join(folder, 'tensorboard'));
  const field = (value: TrackedParameter) => ({
    [`${typeof value === 'boolean' ? 'bool' : typeof value}_value`]: value,
  });
  const hparams = Object.entries(parameters).map(([name, value]) => [name, field(value)]);
  const start = { hparams: Object.fromEntries(hparams), start_time_secs: seconds() };
  file.add({ summary: { value: [hparamsValue('session_start_info', start)] } });
  const journal = follow();
  const update = () => {
    for (const { step, scalars } of journal()) {
      const value = Object.entries(scalars).map(([tag, number]) => ({ tag, simple_value: number }));
      file.add({ step, summary: { value } });
    }
  };
  update();
  return {
    ready: async () => undefined,
    update,
    async end(status) {
      update();
      const info = { status: statuses[status], end_time_secs: seconds() };
      file.add({ summary: { value: [hparamsValue('session_end_info', info)] } });
      file.close();
    },
  };
}

/** The part of TensorBoard's formats that this program writes, with the field numbers of its public `.proto` files. */
const definitions = `
syntax = "proto2";
message Event {
  optional double wall_time = 1; optional int64 step = 2; optional string file_version = 3; optional Summary summary = 5;
}
message Summary { repeated SummaryValue value = 1; }
message SummaryValue {
  optional string tag = 1; optional float simple_value = 2;
  optional TensorProto tensor = 8; optional SummaryMetadata metadata = 9;
}
message TensorProto { optional int32 dtype = 1; optional TensorShapeProto tensor_shape = 2; }
message TensorShapeProto { repeated Dim dim = 2; }
message Dim { optional int64 size = 1; }
message SummaryMetadata { optional PluginData plugin_data = 1; optional int32 data_class = 4; }
message PluginData { optional string plugin_name = 1; optional bytes content = 2; }
message HParamsPluginData {
  optional int32 version = 1; optional SessionStartInfo session_start_info = 3;
  optional SessionEndInfo session_end_info = 4;
}
message SessionStartInfo {
  map<string, Value> hparams = 1; optional string group_name = 4; optional double start_time_secs = 5;
}
message SessionEndInfo { optional int32 status = 1; optional double end_time_secs = 2; }
message Value { optional double number_value = 2; optional string string_value = 3; optional bool bool_value = 4; }
`;

const { root } = protobuf.parse(definitions, { keepCase: true });

function encode(message: string, value: object): Uint8Array {
  const type = root.lookupType(message);
  return type.encode(type.fromObject(value)).finish();
}

/** The plugin keeps its data in the metadata of a value; the value itself is an empty tensor. */
function hparamsValue(field: 'session_start_info' | 'session_end_info', info: object): object {
  const content = encode('HParamsPluginData', { version: 0, [field]: info });
  return {
    tag: `_hparams_/${field}`,
    tensor: { dtype: 1, tensor_shape: { dim: [{ size: 0 }] } }, // DT_FLOAT
    metadata: { plugin_data: { plugin_name: 'hparams', content }, data_class: 2 }, // DATA_CLASS_TENSOR
  };
}

/**
 * Creates the only event file of a folder, of TFRecords that each hold an `Event`: earlier ones are deleted. TensorBoard
 * reads files whose name has `tfevents`, in the order of names.
 * @throws UserError if the system refuses.
 */
function createEventFile(folder: string) {
  const path = join(folder, `events.out.tfevents.${Math.floor(seconds())}.${hostname()}.${process.pid}`);
  const file = openEmpty(path, folder);
  /** Written when the call returns. */
  const add = (event: { readonly step?: number; readonly file_version?: string; readonly summary?: object }) => {
    writeAll(path, file, record(encode('Event', { wall_time: seconds(), ...event })));
  };
  add({ file_version: 'brain.Event:2' });
  return { add, close: () => closeSync(file) };
}

function openEmpty(path: string, folder: string): number {
  try {
    mkdirSync(folder, { recursive: true });
    for (const other of readdirSync(folder)) if (other.includes('tfevents')) rmSync(join(folder, other));
    return openSync(path, 'wx');
  } catch (error) {
    throw cannotWriteFile(path, error);
  }
}

function seconds(): number {
  return Date.now() / 1000;
}

/** TFRecord: the length as 8 bytes, its checksum, the data, their checksum; little-endian. */
function record(data: Uint8Array): Buffer {
  const whole = Buffer.alloc(data.length + 16);
  whole.writeBigUInt64LE(BigInt(data.length), 0);
  whole.writeUInt32LE(maskedCrc(whole.subarray(0, 8)), 8);
  whole.set(data, 12);
  whole.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return whole;
}

/** CRC-32C (Castagnoli), rotated by 15 bits and shifted: a checksum of data that hold checksums. */
function maskedCrc(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0x82f63b78 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});
