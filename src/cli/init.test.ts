import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentsOf, pleHere, succeeded, temporaryFolder } from './command.fixture.js';

describe('ple init', () => {
  test('copies the quick start, and prints a command that runs', async () => {
    const cwd = temporaryFolder();
    const { status, stdout, stderr } = await pleHere(['init'], { cwd });
    expect([status, stderr]).toEqual([0, 'Written to quickstart.yaml. Go on with:\n']);
    expect(stdout).toBe('ple compare --config quickstart.yaml\n');
    expect(contentsOf(cwd)).toEqual(['quickstart.yaml']);
    const text = readFileSync(join(cwd, 'quickstart.yaml'), 'utf8');
    expect(text).toContain('#   ple compare --config quickstart.yaml\n');
    const [, schema = ''] = /\$schema=(\S+)/.exec(text) ?? [];
    expect(JSON.parse(readFileSync(join(cwd, schema), 'utf8'))).toHaveProperty('properties.dataset');
    await succeeded(pleHere(['validate', 'quickstart.yaml'], { cwd }));
  });

  test('replaces a file with --force alone', async () => {
    const cwd = temporaryFolder();
    const file = join(cwd, 'quickstart.yaml');
    writeFileSync(file, 'mine');
    expect(await pleHere(['init'], { cwd })).toEqual({
      status: 2,
      stdout: '',
      stderr: 'ple: quickstart.yaml exists already: --force replaces it.\n',
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await succeeded(pleHere(['init', '--force'], { cwd }));
    expect(readFileSync(file, 'utf8')).toMatch(/^name: quickstart$/m);
  });
});

describe('a config that comes with the program', () => {
  test('is found by its name', async () => {
    await succeeded(pleHere(['validate', '--config', 'census-income/ple'], { cwd: temporaryFolder() }));
  });
});
