import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { UserError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { installed, libraries, nativeFolder, stampFile } from './libraries.js';
import { type SetUpOptions, setUpLibrary } from './set-up.js';

const set = 'tensorflow';
let folder: string;
let options: SetUpOptions & { readonly within: string };
let said: string[];

/** A program of the machine, as a shell script. */
function program(name: string, script: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** Writes what the wheel has into the folder behind --target, then does this. */
const fakePip = (then = 'exit 0') => `
case "$*" in *--version*) exit 0;; esac
echo "$*" >> ${join(folder, 'calls')}
while [ "$1" != -r ]; do shift; done
cp "$2" ${join(folder, 'wanted')}
while [ "$1" != --target ]; do shift; done
mkdir "$2/tensorflow"
${then}`;

const fakeCompiler = 'case "$*" in --version) exit 0;; esac\nwhile [ "$1" != -o ]; do shift; done; touch "$2"';

beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder, 'bin'));
  said = [];
  options = {
    within: join(folder, 'native'),
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
    platform: 'linux-x64',
    say: (line) => said.push(line),
  };
  program('python3', fakePip());
  program('c++', fakeCompiler);
});

function failure(changes: Partial<SetUpOptions> = {}): string {
  let message = '';
  try {
    setUpLibrary(set, { ...options, ...changes });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    ({ message } = error);
  }
  expect(message).toMatch(/^.+$/);
  expect(existsSync(join(options.within, set))).toBe(false); // nothing is left
  return message;
}

const isHere = () => installed(set, options.within) === join(options.within, set);

test('a set is there whole, says its sizes first, and has pip check each wheel', () => {
  setUpLibrary(set, options);
  expect(isHere()).toBe(true);
  expect(readdirSync(join(options.within, set)).toSorted()).toEqual([stampFile, 'tensorflow', 'tfjs_binding.node']);
  expect(said).toEqual([expect.stringMatching(/0\.2 GB from PyPI, 1\.0 GB on the disk, in .*native/)]);
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain('--require-hashes');
  expect(readFileSync(join(folder, 'wanted'), 'utf8')).toMatch(
    /^tensorflow-cpu==2\.18\.1 --hash=sha256:[0-9a-f]{64}\n$/,
  );
});

test('a second run changes nothing, and a set of another version is brought anew', () => {
  setUpLibrary(set, options);
  setUpLibrary(set, options);
  expect(said.at(-1)).toMatch(/is in .*To bring it anew, delete this folder first\.$/);
  expect(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1);
  writeFileSync(join(options.within, set, stampFile), 'another');
  expect(isHere).toThrow(/is of another version of ple: run ple setup tensorflow/);
  setUpLibrary(set, options);
  expect(isHere()).toBe(true);
});

test('ONNX Runtime’s set needs no compiler', () => {
  program('c++', 'exit 1');
  setUpLibrary('onnxruntime-cuda', {
    ...options,
    env: { ...options.env, CXX: 'c++', PATH: `${join(folder, 'bin')}:/bin` },
  });
  expect(installed('onnxruntime-cuda', options.within)).toBeDefined();
});

test('what the machine lacks is said before anything is downloaded', () => {
  expect(failure({ platform: 'darwin-arm64' })).toMatch(/this is darwin-arm64/);
  const python = join(folder, 'bin', 'python3');
  expect(failure({ env: { PATH: '/nowhere', PYTHON: python } })).toMatch(
    /no C\+\+ compiler \(c\+\+, g\+\+, clang\+\+\)/,
  );
  expect(failure({ env: { PATH: '/nowhere' } })).toMatch(/no Python with pip \(python3, python\): install one/);
  program('python3', 'echo No module named pip >&2; exit 1');
  program('python', 'exit 1');
  expect(failure()).toMatch(/no Python with pip/);
  expect(existsSync(join(folder, 'calls'))).toBe(false);
});

test.each([
  [
    'pip',
    () => program('python3', fakePip('exit 1')),
    /^pip did not install TensorFlow 2\.18\.1 for the CPU, as is said above/,
  ],
  [
    'the compiler',
    () => program('c++', 'case "$*" in --version) exit 0;; esac\nexit 1'),
    /^c\+\+ did not compile tfjs's addon, as is said above\. ple setup tensorflow begins anew\.$/,
  ],
])('where %s fails, nothing is left, and the next run begins anew', (_, breaks, message) => {
  breaks();
  expect(failure()).toMatch(message);
  program('python3', fakePip());
  program('c++', fakeCompiler);
  setUpLibrary(set, options);
  expect(isHere()).toBe(true);
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
  expect(libraries['onnxruntime-cuda'].requirements).toContain(`onnxruntime-gpu==${version} `);
});
