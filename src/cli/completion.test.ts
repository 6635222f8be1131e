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
    ['commands', ['']],
    ['a command’s beginning', ['tr']],
  ])('%s', async (_, words) => {
    const found = await completed(...words);
    expect(found).toContain('train');
    expect(found.every((word) => word.startsWith(words[0] ?? ''))).toBe(true);
  });

  test.each([
    [
      ['list', ''],
      ['balancing', 'datasets', 'metrics', 'models', 'optimizers', 'schedules', 'weights'],
    ],
    [
      ['list', 'm'],
      ['metrics', 'models'],
    ],
    [
      ['data', ''],
      ['fetch', 'inspect', 'prepare'],
    ],
    [
      ['data', 'prepare', '--'],
      ['--help', '--json'],
    ],
    [['train', '--re'], ['--resume']],
    [['train', '--config', ''], [...['a.yaml', 'b.yml', 'runs'], ...shippedNames()].toSorted()],
    [['train', '--dry-run', '--config', 'b'], ['b.yml']],
    [['compare', 'quick'], ['quickstart']],
    [
      ['init', 'census-income/p'],
      ['census-income/pepnet', 'census-income/ple'],
    ],
    [['data', 'inspect', ''], [...['a.yaml', 'b.yml', 'runs'], ...shippedNames()].toSorted()],
    [['train', '--resume', ''], ['runs']],
    [
      ['data', 'inspect', '--test', ''],
      ['a.yaml', 'b.yml', 'c.csv', 'runs'],
    ],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
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

test('an unknown shell is refused', async () => {
  const { status, stderr } = await pleHere(['completion', 'fisch']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^ple: Unknown shell 'fisch' \(did you mean 'fish'\?\)/);
});
