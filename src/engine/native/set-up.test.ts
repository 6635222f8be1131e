import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { installed, libraries, nativeFolder, stampFile } from './libraries.js';
import { installError, type SetUpOptions, setUp } from './set-up.js';

const set = libraries.tensorflow;
/** A real addon, as the compiler's result: set-up loads it. */
const addon = createRequire(createRequire(import.meta.url).resolve('vitest')).resolve(
  '@rolldown/binding-linux-x64-gnu',
);

let folder: string;
let options: SetUpOptions;
let said: string[];

/** A program of the machine, as a shell script. */
function program(name: string, script: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** Writes what the wheel has into the folder behind --target, then what `then` says. */
const fakePip = (then = 'exit 0') => `
case "$*" in *--version*) exit 0;; esac
echo "$*" >> ${join(folder, 'calls')}
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/tensorflow/include" "$2/tensorflow/python" "$2/tensorflow_cpu-2.18.1.dist-info"
touch "$2/tensorflow/libtensorflow_cc.so.2" "$2/tensorflow/libtensorflow_framework.so.2" "$2/tensorflow/__init__.py"
${then}`;

const fakeCompiler = () => `while [ "$1" != -o ]; do shift; done; ln -s ${addon} "$2"`;

beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder, 'bin'));
  said = [];
  options = {
    within: join(folder, 'native'),
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, PYTHON: 'python3' },
    platform: 'linux-x64',
    glibc: true,
    freeBytes: 1e12,
    say: (line) => said.push(line),
  };
  program('python3', fakePip());
  program('c++', fakeCompiler());
});

const failure = async (changes: Partial<SetUpOptions> = {}): Promise<string> => {
  const error = await setUp(set, { ...options, ...changes }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) expect.fail(String(error));
  expect(error.message).not.toContain('\n');
  return error.message;
};
const left = () => (existsSync(options.within) ? readdirSync(options.within) : []);

test('a set is there whole, says its sizes first, and pins each wheel by its checksum', async () => {
  await setUp(set, options);
  const found = installed(set, options.within);
  expect(found.state).toBe('here');
  expect(readdirSync(found.folder).toSorted()).toEqual(
    ['setup.json', 'tensorflow', 'tensorflow_cpu-2.18.1.dist-info', 'tfjs_binding.node'].toSorted(),
  );
  expect(readdirSync(join(found.folder, 'tensorflow')).toSorted()).toEqual([
    'libtensorflow_cc.so.2',
    'libtensorflow_framework.so.2',
  ]);
  expect(said[0]).toMatch(/0\.2 GB from PyPI, 0\.7 GB in .*native, up to 1\.5 GB while it is installed/);
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain('--require-hashes');
});

test('a second run changes nothing, and a set of another version is brought anew', async () => {
  await setUp(set, options);
  await setUp(set, options);
  expect(said.at(-1)).toMatch(/is in .*To bring it anew, delete this folder first\.$/);
  expect(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1);
  writeFileSync(join(options.within, set.name, stampFile), '{}');
  expect(installed(set, options.within).state).toBe('other');
  await setUp(set, options);
  expect(installed(set, options.within).state).toBe('here');
});

describe('without', () => {
  test('Python and uv', async () => {
    program('python3', 'exit 1');
    expect(await failure({ env: { PATH: join(folder, 'bin') } })).toMatch(
      /no Python with pip \(python3, python\), and no uv/,
    );
    expect(left()).toEqual([]);
  });

  test('Python, but with uv', async () => {
    program('python3', 'exit 1');
    program('uv', fakePip());
    await setUp(set, { ...options, env: { PATH: `${join(folder, 'bin')}:/bin` } });
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toMatch(/^pip install .*--python-platform/);
  });

  test('a compiler, before anything is downloaded', async () => {
    const python = join(folder, 'bin', 'python3');
    expect(await failure({ env: { PATH: '/nowhere', PYTHON: python } })).toMatch(
      /no C\+\+ compiler \(c\+\+, g\+\+, clang\+\+\)/,
    );
    expect(existsSync(join(folder, 'calls'))).toBe(false);
  });

  test('room on the disk, before anything is downloaded', async () => {
    expect(await failure({ freeBytes: 1.2e9 })).toMatch(
      /1\.2 GB of the disk are free, .* needs up to 1\.5 GB: make room/,
    );
    expect(existsSync(join(folder, 'calls'))).toBe(false);
  });

  test.each([
    [{ platform: 'darwin-arm64' }, /this is darwin-arm64/],
    [{ glibc: false }, /no glibc/],
  ])('Linux x64 with glibc: %j', async (changes, message) => {
    expect(await failure(changes)).toMatch(message);
  });
});

test.each([
  [
    'a file with another checksum',
    'echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE." >&2; exit 1',
    /another checksum/,
  ],
  [
    'a connection that breaks',
    `echo "WARNING: Retrying after connection broken by 'NewConnectionError'" >&2; echo "ERROR: Could not find a version" >&2; exit 1`,
    /PyPI was not reached, or the connection to it broke/,
  ],
  [
    'a full disk',
    'echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2; exit 1',
    /no space is left/,
  ],
])('%s leaves nothing, and the next run begins anew', async (_, then, message) => {
  program('python3', fakePip(then));
  const line = await failure();
  expect(line).toMatch(message);
  expect(line).toContain('ple setup tensorflow begins anew');
  expect(left()).toEqual([]);
  program('python3', fakePip());
  await setUp(set, options);
  expect(installed(set, options.within).state).toBe('here');
});

test('sources that do not compile, and an addon that does not load, leave nothing', async () => {
  program('c++', 'echo "tfjs_backend.cc:1: fatal error: no such file" >&2; exit 1');
  expect(await failure()).toMatch(/did not compile the addon of tfjs: .*fatal error/);
  program('c++', 'while [ "$1" != -o ]; do shift; done; echo no library > "$2"');
  expect(await failure()).toMatch(/was compiled and does not load/);
  expect(left()).toEqual([]);
});

test('of pip’s words, the line that tells', () => {
  expect(installError('ERROR: Exception:\nTraceback (most recent call last):\nKeyError: wheel.\n')).toBe(
    'KeyError: wheel',
  );
  expect(installError('WARNING: pip is old\nERROR: no such option: --platform\n')).toBe('no such option: --platform');
  expect(installError('', new Error('spawn ENOENT'))).toBe('spawn ENOENT');
  expect(installError('')).toBe('it ended without a message');
});

test('a clone has its sets in a folder that npm does not touch, an installed package has the user’s', () => {
  expect(nativeFolder({}, '/home/a/ple/')).toBe('/home/a/ple/native');
  const inside = '/usr/lib/node_modules/@ple-runner/ple/';
  expect(nativeFolder({ XDG_DATA_HOME: '/data' }, inside)).toBe('/data/ple-runner/native');
  expect(nativeFolder({}, inside)).toMatch(/\.local\/share\/ple-runner\/native$/);
});

test('the provider of CUDA is of the version of ONNX Runtime that npm installs', () => {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(path, 'utf8'));
  const provider = libraries['onnxruntime-cuda'].wheels.find(({ name }) => name === 'onnxruntime-gpu');
  expect(provider?.version).toBe(version);
});
