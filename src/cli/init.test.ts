import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentsOf, pleHere, temporaryFolder } from './command.fixture.js';

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
    expect((await pleHere(['validate', 'quickstart.yaml'], { cwd })).status).toBe(0);
  });

  test('of a run’s config, below a folder', async () => {
    const cwd = temporaryFolder();
    const { stdout } = await pleHere(['init', 'census-income/ple', '--json'], { cwd });
    const [file, next] = ['census-income-ple.yaml', 'ple train --config census-income-ple.yaml'];
    expect(JSON.parse(stdout)).toEqual({ schema: 1, file, next });
    expect((await pleHere(['validate', file], { cwd })).status).toBe(0);
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
    expect((await pleHere(['init', '--force'], { cwd })).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^name: quickstart$/m);
  });

  test('lists the names, each with a sentence', async () => {
    const { stdout } = await pleHere(['init', '--list', '--json']);
    const listed: { schema: number; configs: { name: string; summary: string }[] } = JSON.parse(stdout);
    expect(listed.schema).toBe(1);
    expect(listed.configs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['quickstart', 'census-income/compare']),
    );
    for (const { name, summary } of listed.configs)
      expect([name, summary]).toEqual([name, expect.stringMatching(/^\S.{10,}[.?]$/)]);
  });

  test('refuses a name that there is not, with the nearest', async () => {
    const { status, stderr } = await pleHere(['init', 'quickstrat'], { cwd: temporaryFolder() });
    expect([status, stderr]).toEqual([
      2,
      "ple: There is no config 'quickstrat' (did you mean 'quickstart'?); 'ple init --list' lists them.\n",
    ]);
  });
});

describe('a config that comes with the program', () => {
  test.each([['quickstart'], ['census-income/ple']])('%s is found by its name', async (name) => {
    const { status, stderr } = await pleHere(['validate', '--config', name], { cwd: temporaryFolder() });
    expect(stderr).toMatch(new RegExp(`configs/${name}\\.yaml is valid\\.\\n$`));
    expect(status).toBe(0);
  });

  test('gives way to a path that is there', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'quickstart'), 'name: mine\n');
    const { stderr } = await pleHere(['validate', 'quickstart'], { cwd });
    expect(stderr).toBe("ple: quickstart: 'dataset': is missing.\n");
  });

  test('is not hidden by a folder of its name; a folder of another name is named as one', async () => {
    const cwd = temporaryFolder();
    for (const name of ['quickstart', 'mine']) mkdirSync(join(cwd, name));
    expect((await pleHere(['validate', 'quickstart'], { cwd })).stderr).toMatch(
      /configs\/quickstart\.yaml is valid\.\n$/,
    );
    const { status, stderr } = await pleHere(['validate', 'mine'], { cwd });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^ple: Cannot read the config mine: .*directory/)]);
  });

  test('gives way to a pipe', async () => {
    const cwd = temporaryFolder();
    execFileSync('sh', ['-c', 'mkfifo quickstart'], { cwd });
    const writer = spawn('sh', ['-c', 'echo "name: mine" > quickstart'], { cwd });
    onTestFinished(() => void writer.kill());
    expect((await pleHere(['validate', 'quickstart'], { cwd })).stderr).toBe(
      "ple: quickstart: 'dataset': is missing.\n",
    );
  });

  test.each([
    ['census-income/plee', " (did you mean 'census-income/ple'?)"],
    ['configs/quickstart.yaml', "; the one that comes with this program is 'quickstart'"],
    ['none.yaml', ''],
  ])('%s is no name of one', async (word, hint) => {
    const { status, stderr } = await pleHere(['train', '--config', word], { cwd: temporaryFolder() });
    expect(status).toBe(2);
    expect(stderr).toBe(
      `ple: Cannot read the config ${word}: there is no such file${hint}. 'ple init --list' lists the configs that come with this program.\n`,
    );
  });
});
