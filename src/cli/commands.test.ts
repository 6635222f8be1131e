import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { models as catalogue } from '../models/catalogue.js';
import { folderOfFile, ple, pleHere, temporaryFolder } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const root = resolve(import.meta.dirname, '../..');

for (const name of ['command-line', 'config', 'help', 'init-list-schema']) testTranscript(name, folderOfFile());

test('ple schema prints the schema that the configs name', async () => {
  const { stdout } = await pleHere(['schema']);
  expect(stdout).toBe(readFileSync(join(root, 'configs/ple.schema.json'), 'utf8'));
});

describe('28b: the configs of Census-Income', () => {
  const folder = join(root, 'configs/census-income');
  const read = (file: string) => parse(readFileSync(join(folder, file), 'utf8'));
  const comparisons = readdirSync(folder).filter((file) => file.startsWith('compare'));
  const own = ['sluice-penalty.yaml', 'search.yaml']; // one model, and smaller ones
  const models = readdirSync(folder).filter((file) => ![...comparisons, ...own].includes(file));
  const sharedBy = ({ name: _, seed: __, model: ___, compare: ____, ...rest }: Record<string, unknown>) => rest;

  /** The tasks here are no funnel: its config is among those of the simulated feed. */
  const elsewhere = ['esmm', 'escm2'];

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

describe('help', () => {
  const heavy =
    /node_modules\/(@tensorflow|onnxruntime-node|onnxruntime-common|zod|yaml|apache-arrow|pino|protobufjs|cli-progress)\//;

  test('--help loads nothing heavy', async () => {
    const folder = temporaryFolder();
    const { status, stderr } = await ple(['--help'], { env: { NODE_V8_COVERAGE: folder } });
    const modules = readdirSync(folder).flatMap((name) => {
      const { result }: { result: { url: string }[] } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      return result.map(({ url }) => url);
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(modules.some((module) => module.endsWith('dist/cli/main.js'))).toBe(true);
    expect(modules.filter((module) => heavy.test(module))).toEqual([]);
  });

  test('a Node that is too old is told before anything loads', async () => {
    const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });";
    const options = { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(old)}` } };
    const { status, stdout, stderr } = await ple(['--version'], options);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ple needs Node 20\.19 or later; this is 20\.18\.3 \(.+\)\.\n$/);
    const { engines }: { engines: { node: string } } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(engines.node).toBe('>=20.19');
  });
});
