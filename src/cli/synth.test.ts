import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfFile, pleHere, temporaryFolder } from './command.fixture.js';
import { until } from './compare.fixture.js';
import { testTranscript } from './transcript.fixture.js';

testTranscript('synth', folderOfFile());

const synth = (words: readonly string[], cwd: string) => pleHere(['synth', ...words], { cwd });

test('an interrupted file leaves nothing, and what was there stays', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'rows.parquet');
  await synth(['--rows', '20', '--dim', '3', '--out', out], folder);
  const before = readFileSync(out);
  const work = synth(['--rows', '50000000', '--dim', '40', '--force', '--out', out], folder);
  await until('a part is written', () => readdirSync(folder).some((name) => name.endsWith('.tmp')));
  process.emit('SIGINT');
  const { status, stdout, stderr } = await work;
  expect([status, stdout], stderr).toEqual([130, '']);
  expect(stderr).toMatch(/^ple: Interrupted: .*rows\.parquet is not written\.$/m);
  expect(readdirSync(folder).toSorted()).toEqual(['rows.parquet', 'rows.parquet.manifest.json']);
  expect(readFileSync(out).equals(before)).toBe(true);
});
