import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { driverLibrary, installed, libraries } from '../src/engine/native/libraries.js';
import { missingLibraries } from '../src/engine/native/set-up.js';

/**
 * How far CUDA comes on a machine without a GPU, after `npm run setup:cuda`: what the loader does not find, and what
 * `ple doctor` says without a driver and with a stub of the driver's library that sees no GPU. Exit code 1 if anything
 * but the driver or the GPU is missing. Needs a C compiler and nm.
 */
const folder = mkdtempSync(join(tmpdir(), 'ple-check-cuda-'));
let failures = 0;
const check = (right: boolean, what: string) => {
  if (!right) failures++;
  console.log(`${right ? '   ' : 'NO '} ${what}`);
};

try {
  const folders = (['onnxruntime-cuda', 'tensorflow-cuda'] as const).map((name) => {
    const { state, folder: path } = installed(libraries[name]);
    if (state !== 'here') throw new Error(`${libraries[name].title} is not here: npm run setup:cuda`);
    return path;
  });
  console.log('== ldd of every library');
  for (const path of folders) {
    const missing = missingLibraries(path);
    check(
      missing.join() === driverLibrary || missing.length === 0,
      `${path} misses ${missing.join(', ') || 'nothing'}`,
    );
  }
  console.log('== ple doctor, without a driver');
  says(doctor({}), /only the NVIDIA driver is missing/);
  console.log(`== ple doctor, with a stub of ${driverLibrary} that sees no GPU`);
  writeStub(folders.flatMap(driverSymbols));
  says(doctor({ LD_LIBRARY_PATH: folder }), /CUDA_ERROR_NO_DEVICE|no CUDA-capable device/);
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;

interface Report {
  readonly devices: readonly {
    readonly engine: string;
    readonly device: string;
    readonly reason?: string;
    readonly mend?: string;
  }[];
}

function doctor(env: NodeJS.ProcessEnv): Report {
  const text = spawnSync(process.execPath, ['bin/ple.js', 'doctor', '--json'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).stdout;
  const device = z.object({
    engine: z.string(),
    device: z.string(),
    reason: z.string().exactOptional(),
    mend: z.string().exactOptional(),
  });
  return z.object({ devices: z.array(device) }).parse(JSON.parse(text));
}

function says({ devices }: Report, wanted: RegExp): void {
  for (const { engine, device, reason = 'it is usable', mend = '' } of devices)
    if (device === 'cuda') check(wanted.test(reason), `${engine} on cuda: ${reason}; to fix it: ${mend}`);
}

/** Functions of the driver that libraries are linked to. */
function driverSymbols(path: string): string[] {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.so(\.\d+)*$/.test(name));
  return files.flatMap((name) => {
    const file = join(path, name);
    if (!existsSync(file)) return [];
    const needed = execFileSync('ldd', [file], { encoding: 'utf8' });
    if (!needed.includes(driverLibrary)) return [];
    const symbols = execFileSync('nm', ['-D', '--undefined-only', file], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    return [...symbols.matchAll(/ U (cu[A-Z]\w+)$/gm)].map(([, symbol = '']) => symbol);
  });
}

/** 100 is CUDA_ERROR_NO_DEVICE: what a driver answers that sees no GPU. */
function writeStub(symbols: readonly string[]): void {
  const own = [
    'cuInit',
    'cuDriverGetVersion',
    'cuGetErrorName',
    'cuGetErrorString',
    'cuGetProcAddress',
    'cuGetProcAddress_v2',
  ];
  const others = [...new Set(symbols)].filter((name) => !own.includes(name));
  const source = `
#include <string.h>
int cuInit(unsigned flags) { return 100; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuGetErrorName(int code, const char **text) { *text = "CUDA_ERROR_NO_DEVICE"; return 0; }
int cuGetErrorString(int code, const char **text) { *text = "no CUDA-capable device is detected"; return 0; }
${others.map((name) => `int ${name}(void) { return 100; }`).join('\n')}
static int refuse(void) { return 100; }
int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long long flags, int *status) {
  *function = (void *)refuse;
  if (!strcmp(name, "cuDriverGetVersion")) *function = (void *)cuDriverGetVersion;
  if (!strcmp(name, "cuGetProcAddress")) *function = (void *)cuGetProcAddress_v2;
  if (!strcmp(name, "cuGetErrorName")) *function = (void *)cuGetErrorName;
  if (!strcmp(name, "cuGetErrorString")) *function = (void *)cuGetErrorString;
  if (status) *status = 0;
  return 0;
}
int cuGetProcAddress(const char *name, void **function, int version, unsigned long long flags) {
  return cuGetProcAddress_v2(name, function, version, flags, 0);
}
`;
  writeFileSync(join(folder, 'stub.c'), source);
  const words = [
    '-shared',
    '-fPIC',
    `-Wl,-soname,${driverLibrary}`,
    '-o',
    join(folder, driverLibrary),
    join(folder, 'stub.c'),
  ];
  execFileSync(process.env['CC'] ?? 'cc', words);
}
