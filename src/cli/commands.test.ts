import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { models as catalogue } from '../models/catalogue.js';
import { ple, pleHere, smallConfig, succeeded, temporaryFolder } from './command.fixture.js';
import { build } from './main.js';

const root = resolve(import.meta.dirname, '../..');
describe('ple validate', () => {
  // The slow suite has the configs that come with the program.
  test('prints a config resolved', async () => {
    const config = smallConfig(temporaryFolder());
    const { status, stdout, stderr } = await pleHere(['validate', '--config', config]);
    expect([status, stderr]).toEqual([0, `${config} is valid.\n`]);
    expect(parse(stdout)).toMatchObject(parse(readFileSync(config, 'utf8')));
  });
});

describe('28b: the configs of Census-Income', () => {
  const folder = join(root, 'configs/census-income');
  const read = (file: string) => parse(readFileSync(join(folder, file), 'utf8'));
  const comparisons = readdirSync(folder).filter((file) => file.startsWith('compare'));
  const own = ['sluice-penalty.yaml', 'search.yaml']; // one model, and smaller ones
  const models = readdirSync(folder).filter((file) => ![...comparisons, ...own].includes(file));
  const sharedBy = ({ name: _, seed: __, model: ___, compare: ____, ...rest }: Record<string, unknown>) => rest;

  /** The tasks here are no funnel: its config is among those of the simulated feed. */
  const elsewhere = ['esmm'];

  test('of every model share all but the model', () => {
    const expected = catalogue.names.filter((name) => !elsewhere.includes(name));
    expect(models.map((file) => read(file).model.type).toSorted()).toEqual(expected.toSorted());
    for (const file of models) expect(sharedBy(read(file)), file).toEqual(sharedBy(read('ple.yaml')));
  });

  test('of comparisons share it too; the second group differs in its tasks', () => {
    expect(comparisons).toEqual(['compare-education.yaml', 'compare-matched.yaml', 'compare.yaml']);
    const [education, ...others] = comparisons.map((file) => sharedBy(read(file)));
    for (const other of others) expect(other).toEqual(sharedBy(read('ple.yaml')));
    const second = JSON.stringify(sharedBy(read('ple.yaml')))
      .replaceAll('"income"', '"education"')
      .replace('"group":1', '"group":2');
    expect(education).toEqual(JSON.parse(second));
  });
});

test('ple list shows every name with a line about it', async () => {
  const asJson = await pleHere(['list', 'models', '--json']);
  const listed: { name: string; summary: string }[] = JSON.parse(asJson.stdout);
  expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining([...catalogue.names]));
  const asText = await succeeded(pleHere(['list', 'models']));
  for (const { name, summary } of listed) {
    expect(summary).toMatch(/^.{10,}$/);
    expect(asText.stdout).toContain(`${name} `);
    expect(asText.stdout).toContain(` ${summary}\n`);
  }
});

describe('help', () => {
  const heavy =
    /node_modules\/(@tensorflow|onnxruntime-node|onnxruntime-common|zod|yaml|apache-arrow|pino|protobufjs|cli-progress)\//;

  test('--help loads nothing heavy', async () => {
    const file = join(temporaryFolder(), 'modules');
    const nodeOptions = ['--import', resolve(import.meta.dirname, 'loaded-modules.fixture.mjs')];
    const { status, stderr } = await ple(['--help'], { env: { MODULES_FILE: file }, nodeOptions });
    const modules = readFileSync(file, 'utf8').split('\n');
    expect([status, stderr]).toEqual([0, '']);
    expect(modules.some((module) => module.endsWith('dist/cli/main.js'))).toBe(true);
    expect(modules.filter((module) => heavy.test(module))).toEqual([]);
  });

  test('--help has every command once, under the heading of its group', async () => {
    const { stdout } = await pleHere(['--help']);
    const groups = [...stdout.matchAll(/^(\S.*):\n((?: {2}.*\n)+)/gm)].map(([, heading = '', lines = '']) => ({
      heading,
      names: Array.from(lines.matchAll(/^ {2}([a-z]+)/gm), ([, name]) => name),
    }));
    const headings = ['Options', 'Train and compare', 'Data', 'Use', 'Inspect', 'Machines', 'Examples'];
    expect(groups.map(({ heading }) => heading)).toEqual(headings);
    const listed = groups.filter(({ heading }) => heading !== 'Examples').flatMap(({ names }) => names);
    const commands = build(() => undefined).commands.map((command) => command.name());
    const gone = commands.filter((name) => !listed.includes(name));
    expect(listed.toSorted()).toEqual([...commands.filter((name) => listed.includes(name)), 'help'].toSorted());
    for (const name of gone)
      for (const words of [[], ['x', '--y'], ['--help']])
        expect(await pleHere([name, ...words])).toMatchObject({
          status: 2,
          stderr: expect.stringMatching(new RegExp(`^ple: There is no command 'ple ${name}': .+\\.\n$`)),
        });
  });
});

test.each([24, 40, 64, 100])('where only %i files may be open, it says so in one line', (most) => {
  const words = ['train', '--config', smallConfig(temporaryFolder()), '--runs', temporaryFolder()];
  const script = `ulimit -n ${most}; exec "$0" "$@"`;
  const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, join(root, 'bin/ple.js'), ...words], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^(Reading .*\n)?ple: Too few files may be open: \d+\. Raise the limit .*\n$/),
  ]);
});
