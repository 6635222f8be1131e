import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

// A reader of TensorBoard's files that shares nothing with the writer. It is plain Python, with its own checksum and
// its own decoding of protocol buffers, by the field numbers of the published `.proto` files.
const reader = `
import json, struct, sys

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

assert crc32c(b'123456789') == 0xE3069283  # the check value of CRC-32C

def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

def records(data):
    at = 0
    while at < len(data):
        length, = struct.unpack_from('<Q', data, at)
        assert struct.unpack_from('<I', data, at + 8)[0] == masked(data[at:at + 8]), 'checksum of a length'
        body = data[at + 12:at + 12 + length]
        assert len(body) == length, 'a record is cut short'
        assert struct.unpack_from('<I', data, at + 12 + length)[0] == masked(body), 'checksum of a record'
        yield body
        at += 16 + length

def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at

def fields(data):
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = struct.unpack_from('<d', data, at)[0], at + 8
        elif wire == 5:
            value, at = struct.unpack_from('<f', data, at)[0], at + 4
        else:
            assert wire == 2, 'a wire type'
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
            assert len(value) == length, 'a field is cut short'
        found.setdefault(number, []).append(value)
    return found

def one(found, number, otherwise=None):
    return found.get(number, [otherwise])[-1]

def value(data):  # google.protobuf.Value
    found = fields(data)
    if 2 in found:
        return one(found, 2)
    return one(found, 3).decode() if 3 in found else bool(one(found, 4))

def hparams(content):
    data = fields(content)
    assert one(data, 1) == 0, 'the version'
    if 3 in data:
        entries = [fields(entry) for entry in fields(one(data, 3)).get(1, [])]
        return {one(entry, 1).decode(): value(one(entry, 2)) for entry in entries}
    return {'status': one(fields(one(data, 4)), 1)}

events = [fields(body) for body in records(open(sys.argv[1], 'rb').read())]
assert one(events[0], 3) == b'brain.Event:2', 'the version of the file'
result = {'scalars': [], 'hparams': {}}
for event in events[1:]:
    assert one(event, 1) > 1.6e9, 'the time'
    step = one(event, 2, 0)
    for body in fields(one(event, 5)).get(1, []):
        found = fields(body)
        tag = one(found, 1).decode()
        if 2 in found:
            result['scalars'].append([tag, step, one(found, 2)])
        else:
            tensor, metadata = fields(one(found, 8)), fields(one(found, 9))
            plugin = fields(one(metadata, 1))
            assert one(tensor, 1) == 1 and one(metadata, 4) == 2 and one(plugin, 1) == b'hparams', 'the plugin'
            assert tag not in result['hparams'], tag
            result['hparams'][tag] = hparams(one(plugin, 2))
json.dump(result, sys.stdout)
`;

const parameter = z.union([z.string(), z.number(), z.boolean()]);
const eventsShape = z.strictObject({
  /** In their order: name, step, value. */
  scalars: z.array(z.tuple([z.string(), z.number(), z.number()])),
  hparams: z.strictObject({
    '_hparams_/session_start_info': z.record(z.string(), parameter).optional(),
    '_hparams_/session_end_info': z.strictObject({ status: z.number() }).optional(),
  }),
});

/** The content of the only event file in a folder's `tensorboard/`. */
export function readEvents(folder: string): z.infer<typeof eventsShape> {
  const names = readdirSync(join(folder, 'tensorboard'));
  if (names.length !== 1) throw new Error(`There is not one event file, but: ${names.join(', ')}.`);
  const text = execFileSync('python3', ['-c', reader, join(folder, 'tensorboard', ...names)], { encoding: 'utf8' });
  return eventsShape.parse(JSON.parse(text));
}
