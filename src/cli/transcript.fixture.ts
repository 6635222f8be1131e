import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test, vi } from 'vitest';
import { pleHere } from './command.fixture.js';
import type { Finished } from './started.fixture.js';

const root = resolve(import.meta.dirname, '../..');
const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * Runs the command lines of goldens/<name>.txt in a folder, one after the other, and compares what they write with the
 * file. `npx vitest run -u` writes it anew. In the file are:
 *
 *     # a comment
 *     $ a command line; > is its next line
 *     | a line of stdout
 *     ! a line of stderr
 *     exit 2      the exit code, where it is not 0
 *
 * `ple` runs in this process. NAME=VALUE before it, and > FILE and 2> FILE after it, are as in a shell; there are no pipes. All other
 * command lines are the shell's, where $PLE is the built program in a process of its own.
 */
export function testTranscript(name: string, folder: string, ple = pleHere): void {
  const file = join(import.meta.dirname, 'goldens', `${name}.txt`);
  const parts = readFileSync(file, 'utf8').match(/^(\$ .*\n(> ?.*\n)*|#.*\n|\n)/gm) ?? [];
  test(`the transcript goldens/${name}.txt`, async () => {
    let text = '';
    for (const part of parts)
      text += part.startsWith('$ ') ? part + shown(await ran(part.slice(2), folder, ple), folder) : part;
    await expect(text).toMatchFileSnapshot(file);
  });
}

async function ran(command: string, cwd: string, ple: typeof pleHere): Promise<Finished> {
  const line = command.replace(/\n> ?/g, '\n').trimEnd();
  const [, settings = '', words, ...files] = /^((?:\w+=\S* )*)ple\b(.*?)(?: > (\S+))?(?: 2> (\S+))?$/s.exec(line) ?? [];
  if (words === undefined) {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], shell(cwd));
    return { status: status ?? -1, stdout, stderr };
  }
  const given = shellWords(words, cwd);
  for (const setting of settings.split(' ').filter((text) => text !== ''))
    vi.stubEnv(setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1));
  const finished = await ple(given, { cwd }).finally(() => vi.unstubAllEnvs());
  const kept = (['stdout', 'stderr'] as const).map((stream, at) => {
    const file = files[at];
    if (file !== undefined) writeFileSync(join(cwd, file), finished[stream]);
    return file === undefined ? finished[stream] : '';
  });
  return { status: finished.status, stdout: kept[0] ?? '', stderr: kept[1] ?? '' };
}

const shell = (cwd: string) => {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', PLE: `${process.execPath} ${join(root, 'bin/ple.js')}` };
  return { cwd, encoding: 'utf8', env } as const;
};

/** As a shell splits them, which takes quotes away and puts files for patterns. */
function shellWords(line: string, cwd: string): string[] {
  if (!/['"*$]/.test(line)) return line.split(/\s+/).filter((word) => word !== '');
  const { stdout } = spawnSync('sh', ['-c', `for word in ${line}; do printf '%s\\0' "$word"; done`], shell(cwd));
  return stdout.split('\0').slice(0, -1);
}

function shown({ status, stdout, stderr }: Finished, folder: string): string {
  const lines = (text: string, sign: string) =>
    text === ''
      ? ''
      : `${normalized(text, folder)
          .replace(/\n$|(?<!\n)$/, (end) => (end === '' ? ' (no end of line)' : ''))
          .split('\n')
          .map((line) => `${sign} ${line}`.trimEnd())
          .join('\n')}\n`;
  return lines(stdout, '|') + lines(stderr, '!') + (status === 0 ? '' : `exit ${status}\n`);
}

/** Without what differs by machine, time and release. Of a number with many digits, two are kept. */
function normalized(text: string, folder: string): string {
  return text
    .replaceAll(folder, '/here')
    .replaceAll(root, '/ple')
    .replaceAll(version, '<version>')
    .replace(/^all runs.*\n/gm, '') // after ten seconds: a slow machine
    .replace(/\b[0-9a-f]{64}\b/g, '<sha256>')
    .replace(/\b[0-9a-f]{32}\b/g, '<hash>')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\b([1-9]\d+\.)\d+|\b(\d\.0*[1-9]\d)\d+/g, '$1$2…')
    .replace(/("(?:seconds|stepMilliseconds|samplesPerSecond|bytes)": ?)[^,}\n]+/g, '$1#')
    .replace(/\b\d+(\.\d*…?)? (s|min|h|MiB)\b/g, '# $2')
    .replaceAll('\u001b', '<escape>');
}
