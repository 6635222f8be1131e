import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { UserError } from '../../support/errors.js';
import { freeBytes } from '../../support/free-bytes.js';
import { makeFolder } from '../../support/make-folder.js';
import { partialPath, removeRemains } from '../../support/whole-file.js';
import {
  addonFile,
  driverLibrary,
  installed,
  type LibrarySet,
  nativeFolder,
  runtimeFile,
  stamp,
  stampFile,
  tfjsPackage,
} from './libraries.js';

/** What setting up needs of the machine. Tests replace parts. */
export interface SetUpOptions {
  /** Where the sets lie. */
  readonly within: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: string;
  /** The C library is glibc: PyPI's wheels are for it. */
  readonly glibc: boolean;
  /** Null: unknown. */
  readonly freeBytes: number | null;
  /** Prints a line for the user. */
  readonly say: (line: string) => void;
}

export async function setUpOptions(say: SetUpOptions['say']): Promise<SetUpOptions> {
  const within = nativeFolder();
  return {
    within,
    env: process.env,
    platform: `${process.platform}-${process.arch}`,
    glibc: existsSync('/lib64/ld-linux-x86-64.so.2'),
    freeBytes: await freeBytes(within),
    say,
  };
}

/**
 * Brings a set from PyPI into its folder. Everything happens in a folder of another name, which is renamed at the end:
 * a set is there whole or not at all.
 * @throws UserError: one line with what is missing, or what failed, and the fix.
 */
export async function setUp(set: LibrarySet, options: SetUpOptions): Promise<void> {
  const { within, say } = options;
  const { state, folder } = installed(set, within);
  if (state === 'here') {
    say(`${set.title} is in ${folder}. To bring it anew, delete this folder first.`);
    return;
  }
  checkPlatform(options);
  const addon = set.name === 'onnxruntime-cuda' ? null : addonTools(options);
  const installer = findInstaller(options);
  checkDisk(set, options);
  makeFolder(within);
  await removeRemains(within); // of a set-up that was killed
  const partial = partialPath(folder);
  try {
    makeFolder(join(partial, 'tmp'));
    install(set, installer, partial, options);
    if (addon) compileAddon(addon, partial, options);
    else joinProvider(partial, options);
    prune(partial);
    checkLibraries(set, partial, options);
    writeFileSync(join(partial, stampFile), stamp(set));
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  say(`${set.title} is in ${folder}.`);
}

function checkPlatform({ platform, glibc }: SetUpOptions): void {
  if (platform === 'linux-x64' && glibc) return;
  const what = platform === 'linux-x64' ? 'this Linux has no glibc' : `this is ${platform}`;
  throw new UserError(`ple setup works on Linux x64 with glibc, and ${what}: docs/gpu.md names the ways of others.`);
}

/** What the addon is compiled with and from. */
interface AddonTools {
  readonly compiler: string;
  readonly sources: string;
  readonly headers: string;
}

function addonTools({ env }: SetUpOptions): AddonTools {
  const [sources, headers] = [tfjsPackage, 'node-api-headers'].map((name) => {
    const file = resolved(`${name}/package.json`);
    if (file !== undefined) return dirname(file);
    throw new UserError(`The package ${name} is missing: install without --omit=optional (npm ci, or npm install).`);
  });
  const names = [...(env['CXX'] ? [env['CXX']] : []), 'c++', 'g++', 'clang++'];
  const compiler = names.find((name) => found(name, env));
  if (compiler === undefined || sources === undefined || headers === undefined)
    throw new UserError(
      `There is no C++ compiler (${names.join(', ')}), and the addon of tfjs is compiled here: install one (Debian: apt-get install g++).`,
    );
  return { compiler, sources, headers: join(headers, 'include') };
}

function resolved(file: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(file);
  } catch {
    return undefined;
  }
}

/** Whether the system finds this program. */
function found(name: string, env: NodeJS.ProcessEnv): boolean {
  if (name.includes('/')) return existsSync(name);
  const folders = (env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

/** A program that installs wheels, with its first words. */
interface Installer {
  readonly name: 'pip' | 'uv';
  readonly file: string;
  readonly words: readonly string[];
}

/** Any Python with pip, else uv. The version of Python is no matter: the wheels' Python is never run. */
function findInstaller({ env }: SetUpOptions): Installer {
  const pythons = [...(env['PYTHON'] ? [env['PYTHON']] : []), 'python3', 'python'];
  for (const file of pythons) {
    if (spawnSync(file, ['-m', 'pip', '--version'], { env, stdio: 'ignore' }).status === 0)
      return { name: 'pip', file, words: ['-m', 'pip', 'install'] };
  }
  if (spawnSync('uv', ['--version'], { env, stdio: 'ignore' }).status === 0)
    return { name: 'uv', file: 'uv', words: ['pip', 'install'] };
  throw new UserError(
    `There is no Python with pip (${pythons.join(', ')}), and no uv: install one (Debian: apt-get install python3-pip). PYTHON=… names another.`,
  );
}

/** At most, the installer holds a download twice: in its cache and in its temporary folder. */
function checkDisk(set: LibrarySet, { within, freeBytes: free, say }: SetUpOptions): void {
  const needed = 2 * set.downloadBytes + set.unpackedBytes;
  const size = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  say(
    `${set.title}: ${size(set.downloadBytes)} from PyPI, ${size(set.keptBytes)} in ${within}, up to ${size(needed)} while it is installed.`,
  );
  if (free !== null && free < needed)
    throw new UserError(
      `${within}: ${size(free)} of the disk are free, and installing ${set.title} needs up to ${size(needed)}: make room, and run this again.`,
    );
}

/** The wheels' tags, newest first: pip takes a wheel if one of its tags is among these. */
const tags = ['_2_28', '_2_27', '_2_17', '2014', '_2_12', '2010', '_2_5', '1'].map((tag) => `manylinux${tag}_x86_64`);
const python = { version: '3.11', abi: 'cp311' } as const;

function install(set: LibrarySet, { name, file, words }: Installer, partial: string, { env, say }: SetUpOptions): void {
  const requirements = join(partial, 'requirements.txt');
  const lines = set.wheels.map((wheel) => `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  writeFileSync(requirements, lines.join(''));
  const common = ['--require-hashes', '-r', requirements, '--target', partial, '--no-deps', '--only-binary=:all:'];
  const own =
    name === 'uv'
      ? ['--python-version', python.version, '--python-platform', 'x86_64-manylinux_2_28']
      : [
          ...['--no-compile', '--disable-pip-version-check', '--upgrade'],
          ...['--implementation', 'cp', '--python-version', python.version, '--abi', python.abi],
          ...tags.flatMap((tag) => ['--platform', tag]),
        ];
  say(`${name} installs ${set.wheels.length} ${set.wheels.length === 1 ? 'wheel' : 'wheels'}…`);
  const { status, stderr, error } = spawnSync(file, [...words, ...common, ...own], {
    // pip moves what it installs from its temporary folder: on the same disk, this copies nothing.
    env: { ...env, TMPDIR: join(partial, 'tmp'), PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' },
    stdio: ['ignore', 2, 'pipe'], // stdout is for results
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return;
  throw new UserError(
    `${name} did not install ${set.title}: ${installError(stderr ?? '', error)}. ${set.command} begins anew, and takes from ${name}'s cache what has arrived.`,
  );
}

/** What pip or uv says went wrong, in one line. */
export function installError(stderr: string, error?: Error): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  if (/DO NOT MATCH THE HASHES|[Hh]ash mismatch/.test(stderr))
    return 'a file that was downloaded has another checksum than the one pinned here';
  if (/No space left on device/.test(stderr)) return 'no space is left on the disk';
  if (
    /NewConnectionError|Failed to establish|Connection (refused|broken|reset|aborted)|timed out|Request failed after/.test(
      stderr,
    )
  )
    return 'PyPI was not reached, or the connection to it broke';
  const said = lines.filter((line) => /^(ERROR|error|× )/.test(line) && !/^ERROR: Exception/.test(line));
  const last = lines.filter((line) => line !== '' && !/^(WARNING|hint|note)/i.test(line)).at(-1);
  const line = said[0] ?? last ?? error?.message ?? 'it ended without a message';
  return line
    .replace(/^(ERROR|error|×):?\s*/, '')
    .replace(/\.$/, '')
    .slice(0, 300);
}

/** Compiles tfjs-node's addon against TensorFlow's C API. Node-API is stable: any later Node loads the addon too. */
function compileAddon({ compiler, sources, headers }: AddonTools, partial: string, { env, say }: SetUpOptions): void {
  say(`${compiler} compiles the addon of tfjs…`);
  const include = join(partial, 'tensorflow/include');
  const words = [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
    ...[headers, include, sources].map((folder) => `-I${folder}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(sources, 'binding', file)),
    ...['-o', join(partial, addonFile), `-L${join(partial, 'tensorflow')}`],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN/tensorflow'],
  ];
  const { status, stderr, error } = spawnSync(compiler, words, { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status === 0) return;
  const line = stderr?.split('\n').find((text) => /error|cannot/i.test(text)) ?? error?.message ?? stderr;
  throw new UserError(`${compiler} did not compile the addon of tfjs: ${line?.trim().slice(0, 300)}`);
}

/**
 * Puts ONNX Runtime's CUDA provider beside the library of the same build, which loads it from its own folder, and tells
 * it where CUDA lies: the provider itself has no search path.
 */
function joinProvider(partial: string, { env }: SetUpOptions): void {
  const capi = join(partial, 'onnxruntime/capi');
  for (const name of ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'])
    renameSync(join(capi, name), join(partial, name));
  const library = readdirSync(capi).find((name) => /^libonnxruntime\.so\.\d/.test(name));
  if (library === undefined) throw new Error(`no libonnxruntime.so in ${capi}`);
  renameSync(join(capi, library), join(partial, runtimeFile));
  const path = ['cu13', 'cudnn'].map((folder) => `$ORIGIN/nvidia/${folder}/lib`).join(':');
  const words = ['--set-rpath', path, join(partial, 'libonnxruntime_providers_cuda.so')];
  const { status, stderr, error } = spawnSync(join(partial, 'bin/patchelf'), words, { env, encoding: 'utf8' });
  if (status !== 0) throw new UserError(`patchelf failed: ${(stderr ?? error?.message ?? '').trim().slice(0, 300)}`);
}

/** Removes what no library needs: Python's files, headers, and the installer's own. */
function prune(partial: string): void {
  const remove = (...parts: readonly string[]) => rmSync(join(partial, ...parts), { recursive: true, force: true });
  for (const name of ['tmp', 'requirements.txt', 'bin', 'onnxruntime', 'tensorflow.libs']) remove(name);
  const within = (...parts: readonly string[]) => {
    const folder = join(partial, ...parts);
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  for (const name of within('tensorflow')) if (!/^(lib.*\.so|THIRD_PARTY)/.test(name)) remove('tensorflow', name);
  for (const name of within('nvidia')) if (!name.endsWith('.py')) remove('nvidia', name, 'include');
}

/** Asks the loader whether every library finds the others, and loads the addon. */
function checkLibraries(set: LibrarySet, partial: string, { env }: SetUpOptions): void {
  const missing = missingLibraries(partial).filter((name) => name !== driverLibrary);
  if (missing.length > 0)
    throw new UserError(`${set.title} was installed, and the loader does not find ${missing.join(', ')}.`);
  const addon = join(partial, addonFile);
  if (!existsSync(addon)) return;
  const script = `require(${JSON.stringify(addon)})`;
  const { status, stderr, signal } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  if (status === 0) return;
  const line = stderr.split('\n').find((text) => /Error\b/.test(text)) ?? signal ?? stderr;
  throw new UserError(`The addon of tfjs was compiled and does not load: ${line.trim().slice(0, 300)}`);
}

/** What the loader does not find, of all libraries of a set. Empty if it cannot be asked. */
export function missingLibraries(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.so(\.\d+)*$|\.node$/.test(name))
    .map((name) => join(folder, name));
  const { stdout } = spawnSync('ldd', files, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return [...new Set([...(stdout ?? '').matchAll(/^\s*(\S+) => not found$/gm)].map(([, name = '']) => name))];
}
