import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, deviceName } from '../src/engine/devices/devices.js';
import { installed, libraries } from '../src/engine/native/libraries.js';

/**
 * How far CUDA comes on a machine without a GPU, after `npm run setup:cuda`: an attempt without a driver, and with a stub of
 * the driver's library that sees no GPU. Exit code 1 if anything but the driver or the GPU is missing. Needs a C compiler and
 * nm.
 */
const driverLibrary = 'libcuda.so.1';
const folder = mkdtempSync(join(tmpdir(), 'ple-check-cuda-'));
try {
  const folders = (['onnxruntime-cuda', 'tensorflow-cuda'] as const).map((name) => {
    const path = installed(name);
    if (path === undefined) throw new Error(`${libraries[name].title} is not here: npm run setup:cuda`);
    return path;
  });
  await says('without a driver', /libcuda\.so\.1|303/);
  writeStub(folders.flatMap(driverSymbols));
  process.env['LD_LIBRARY_PATH'] = folder;
  await says(`with a stub of ${driverLibrary}`, /CUDA_ERROR_NO_DEVICE|no CUDA-capable device/);
} finally {
  rmSync(folder, { recursive: true });
}

async function says(what: string, wanted: RegExp): Promise<void> {
  for (const engine of ['compiled', 'tfjs'] as const) {
    const candidate = { engine, device: 'cuda' } as const;
    const found = await attempt(candidate);
    const text = found.kind === 'failed' ? found.reason : 'it trains';
    const right = wanted.test(text);
    if (!right) process.exitCode = 1;
    console.log(`${right ? '   ' : 'NO '} ${deviceName(candidate)}, ${what}: ${text}`);
  }
}

/** Functions of the driver that libraries are linked to. */
function driverSymbols(path: string): string[] {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.so(\.\d+)*$/.test(name));
  return files.flatMap((name) => {
    const file = join(path, name);
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
