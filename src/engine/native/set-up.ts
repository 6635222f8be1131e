import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../../support/errors.js';
import { makeFolder } from '../../support/files.js';
import { addonFile, type LibraryName, libraries, nativeFolder, stampFile, tfjsPackage } from './libraries.js';

/** What setting up needs of the machine. Tests replace it. */
export interface SetUpOptions {
  /** Prints a line for the user. */
  readonly say: (line: string) => void;
  /** Where the sets lie. */
  readonly within?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly platform?: string;
}

/**
 * Brings a set from PyPI into its folder: pip fetches and checks it, and for TensorFlow a compiler makes tfjs's addon. The
 * stamp is written last, and what fails is removed: a set is there whole or not at all.
 * @throws UserError: one line with what is missing, or what failed, and the fix.
 */
export function setUpLibrary(name: LibraryName, options: SetUpOptions): void {
  const { say, within = nativeFolder(), env = process.env, platform = `${process.platform}-${process.arch}` } = options;
  const { title, size, requirements } = libraries[name];
  const folder = join(within, name);
  const stamp = join(folder, stampFile);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === requirements) {
    say(`${title} is in ${folder}. To bring it anew, delete this folder first.`);
    return;
  }
  if (platform !== 'linux-x64')
    throw new UserError(`ple setup works on Linux x64 alone, and this is ${platform}: docs/gpu.md (Other platforms).`);
  const python = findTool([env['PYTHON'] ?? 'python3', 'python'], ['-m', 'pip', '--version'], env, (tried) => {
    return `There is no Python with pip (${tried}): install one (Debian: apt-get install python3-pip), or name it: PYTHON=…`;
  });
  const compiler =
    name === 'onnxruntime-cuda'
      ? undefined
      : findTool([env['CXX'] ?? 'c++', 'g++', 'clang++'], ['--version'], env, (tried) => {
          return `There is no C++ compiler (${tried}), and tfjs's addon is compiled here: install one (Debian: apt-get install g++).`;
        });
  say(`${title}: ${size}, in ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  try {
    install(name, folder, python, compiler, env);
    writeFileSync(stamp, requirements);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The first of these programs that runs with these words. @throws UserError if none does */
function findTool(
  files: readonly string[],
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  missing: (tried: string) => string,
): string {
  const tool = files.find((file) => spawnSync(file, words, { env, stdio: 'ignore' }).status === 0);
  if (tool !== undefined) return tool;
  throw new UserError(missing(files.join(', ')));
}

/** @param compiler undefined: the set has no addon to compile */
function install(
  name: LibraryName,
  folder: string,
  python: string,
  compiler: string | undefined,
  env: NodeJS.ProcessEnv,
): void {
  const { title, command, requirements } = libraries[name];
  // pip moves what it installs from its temporary folder, and /tmp may be too small.
  const scratch = join(folder, 'tmp');
  const setting = { ...env, TMPDIR: scratch, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' };
  const run = (file: string, words: readonly string[], failure: string) => {
    const { status } = spawnSync(file, words, { env: setting, stdio: ['ignore', 2, 2] }); // stdout is for results
    if (status !== 0) throw new UserError(`${failure}, as is said above. ${command} begins anew.`);
  };
  makeFolder(scratch);
  const pins = join(scratch, stampFile);
  writeFileSync(pins, requirements);
  run(python, [...pipWords, '-r', pins, '--target', folder], `pip did not install ${title}`);
  if (compiler !== undefined) run(compiler, addonWords(folder), `${compiler} did not compile tfjs's addon`);
  rmSync(scratch, { recursive: true });
}

/** The version of Python is no matter, since none of it is run: one that every pinned wheel is for. */
const pipWords = [
  ...['-m', 'pip', 'install', '--require-hashes', '--no-deps', '--no-compile', '--disable-pip-version-check'],
  ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311'],
  ...['manylinux_2_28', 'manylinux_2_27', 'manylinux2014'].flatMap((tag) => ['--platform', `${tag}_x86_64`]),
];

/** Compiles tfjs-node's addon against TensorFlow's C API. Node-API is stable: any later Node loads the addon too. */
function addonWords(folder: string): readonly string[] {
  const [sources = '', headers = ''] = [tfjsPackage, 'node-api-headers'].map((name) => {
    try {
      return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    } catch {
      throw new UserError(`The package ${name} is missing: install without --omit=optional (npm ci, or npm install).`);
    }
  });
  return [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
    ...[join(headers, 'include'), join(folder, 'tensorflow/include'), sources].map((include) => `-I${include}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(sources, 'binding', file)),
    ...['-o', join(folder, addonFile), `-L${join(folder, 'tensorflow')}`],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN/tensorflow'],
  ];
}
