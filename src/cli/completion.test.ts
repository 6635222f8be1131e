import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pleHere, temporaryFolder } from './command.fixture.js';
import { shippedNames } from './input/shipped-configs.js';

/** What bash completes at the end of these words. */
async function completed(...words: readonly string[]): Promise<string[]> {
  const folder = temporaryFolder();
  for (const name of ['a.yaml', 'b.yml', 'c.csv']) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'runs'));
  const { stdout: script } = await pleHere(['completion', 'bash']);
  const shell = `${script}\nCOMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n_ple\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const printed = execFileSync('bash', ['-c', shell, 'bash', 'ple', ...words], { cwd: folder, encoding: 'utf8' });
  return printed.split('\n').filter((line) => line !== '');
}

describe.runIf(existsSync('/bin/bash'))('bash completes', () => {
  test.each([
    [
      ['list', ''],
      ['balancing', 'datasets', 'metrics', 'models', 'optimizers', 'schedules', 'weights'],
    ],
    [['train', '--re'], ['--resume']],
    [['train', '--config', ''], [...['a.yaml', 'b.yml', 'runs'], ...shippedNames()].toSorted()],
  ])('%j', async (words, expected) => {
    expect((await completed(...words)).toSorted()).toEqual(expected);
  });
});

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  test('has every command and its options', async () => {
    const { status, stdout } = await pleHere(['completion', shell]);
    expect(status).toBe(0);
    for (const word of ['train', 'inspect', 'completion', 'no-predictions', 'uncertainty', 'schedules'])
      expect(stdout).toContain(word);
  });

  test.runIf([`/bin/${shell}`, `/usr/bin/${shell}`].some(existsSync))('is one that the shell reads', async () => {
    const { stdout } = await pleHere(['completion', shell]);
    execFileSync(shell, ['-n'], { input: stdout, stdio: ['pipe', 'pipe', 'inherit'] });
  });
});
