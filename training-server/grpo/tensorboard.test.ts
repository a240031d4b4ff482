import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crc32c, fileHead, scalars } from './tensorboard.ts';

test('CRC-32C of the check value and of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

const python = join(import.meta.dirname, '../../.venv/bin/python');

/** Google's own protobuf reads the messages; their fields are declared here as event.proto and summary.proto have them. */
const reader = `
import json, struct, sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
F = descriptor_pb2.FieldDescriptorProto
file = descriptor_pb2.FileDescriptorProto(name='event.proto', syntax='proto3')
def message(name, *fields):
    m = file.message_type.add(name=name)
    for number, field, kind, label, of in fields:
        m.field.add(name=field, number=number, type=kind, label=label, **({'type_name': of} if of else {}))
one, many = F.LABEL_OPTIONAL, F.LABEL_REPEATED
message('Value', (1, 'tag', F.TYPE_STRING, one, None), (2, 'simple_value', F.TYPE_FLOAT, one, None))
message('Summary', (1, 'value', F.TYPE_MESSAGE, many, '.Value'))
message('SessionLog', (1, 'status', F.TYPE_INT32, one, None))
message('Event', (1, 'wall_time', F.TYPE_DOUBLE, one, None), (2, 'step', F.TYPE_INT64, one, None),
        (3, 'file_version', F.TYPE_STRING, one, None), (5, 'summary', F.TYPE_MESSAGE, one, '.Summary'),
        (7, 'session_log', F.TYPE_MESSAGE, one, '.SessionLog'))
pool = descriptor_pool.DescriptorPool(); pool.Add(file)
Event = message_factory.GetMessageClass(pool.FindMessageTypeByName('Event'))
data, at, out = sys.stdin.buffer.read(), 0, []
while at < len(data):
    (length,) = struct.unpack_from('<Q', data, at)
    e = Event.FromString(data[at + 12 : at + 12 + length]); at += 16 + length
    out.append([e.wall_time, e.step, e.file_version, e.session_log.status, {v.tag: v.simple_value for v in e.summary.value}])
print(json.dumps(out))
`;

describe.skipIf(!existsSync(python))('event files (needs the Python environment)', () => {
  test('are what protobuf reads', () => {
    const file = Buffer.concat([
      fileHead(1763712000.5, 300),
      scalars(1763712001.25, 301, { reward: 2.5, kl: null, 'eval/srcc': -0.125 }),
      scalars(1763712002, 2 ** 33, { long: 1 }),
    ]);
    const { stdout, stderr } = spawnSync(python, ['-c', reader], { input: file });
    expect(stderr.toString()).toBe('');
    expect(JSON.parse(stdout.toString())).toEqual([
      [1763712000.5, 0, 'brain.Event:2', 0, {}],
      [1763712000.5, 300, '', 1, {}],
      [1763712001.25, 301, '', 0, { reward: 2.5, 'eval/srcc': -0.125 }],
      [1763712002, 2 ** 33, '', 0, { long: 1 }],
    ]);
  });
});

test('a frame begins with its length and the masked CRC of it, as every event file does', () => {
  const head = fileHead(0, 0);
  expect(head.readBigUInt64LE(0)).toBe(24n);
  expect(head.readUInt32LE(8)).toBe(0x224b7fa3);
});
