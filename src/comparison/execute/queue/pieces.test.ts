import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../cli/command.fixture.js';
import { filesOf, isSent, uploadSchema } from './pieces.js';

test.each([
  ...['../result.json', '/etc/passwd', 'checkpoints/../../result.json', 'checkpoints', 'charts', 'lock', 'notes.txt'],
  ...['tensorboard/events.out.tfevents.1/../../x', 'tensorboard/events.out.tfevents.1\\..\\..\\x', '', 'result.json/x'],
])("'%s' is none", (name) => {
  expect(isSent(name)).toBe(false);
  const upload = { id: 'a', files: [{ name, bytes: 1, sha256: '0'.repeat(64) }] };
  expect(uploadSchema.safeParse(upload).success).toBe(false);
});

test('the size of an upload and its name are bounded', () => {
  const file = (bytes: number) => ({ name: 'result.json', bytes, sha256: '0'.repeat(64) });
  const accepts = (id: string, ...files: readonly object[]) => uploadSchema.safeParse({ id, files }).success;
  expect(accepts('0123abcd-4f', file(2 ** 31))).toBe(true);
  expect(accepts('0123abcd-4f', file(2 ** 30), file(2 ** 30 + 1))).toBe(false);
  expect(accepts('0123abcd-4f', file(-1))).toBe(false);
  expect(accepts('a:b', file(1))).toBe(false);
  expect(accepts('a', ...Array.from({ length: 101 }, () => file(1)))).toBe(false);
});

test('a run is sent with its result last, and without locks and the files of others', () => {
  const folder = temporaryFolder();
  for (const name of ['result.json', 'checkpoints/best.safetensors', 'lock', 'charts/a.svg', 'config.yaml', 'x.tmp']) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  const sent = filesOf(folder);
  expect(sent.toSorted()).toEqual(['checkpoints/best.safetensors', 'config.yaml', 'result.json']);
  expect(sent.at(-1)).toBe('result.json');
});
