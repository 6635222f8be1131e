import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cudaPackages, installCudaPackages } from '../src/engine/devices/cuda-packages.js';
import { packageFolder } from '../src/engine/devices/native-packages.js';
import { checkChoice, wordsOf } from './usage.js';

/**
 * Downloads the CUDA libraries of ONNX Runtime and of tfjs by their own install scripts, looks whether they arrived, and ends with
 * `ple doctor`. Exit code 0 if one of them is complete: either is enough.
 */
const usage = 'Usage: npm run setup:cuda -- [--only onnxruntime|tfjs]';
const { values } = wordsOf(usage, { options: { only: { type: 'string' } } });
checkChoice(
  usage,
  'only',
  values.only,
  cudaPackages.map(({ label }) => label),
);
const chosen = cudaPackages.filter(({ label }) => values.only === undefined || values.only === label);

const root = fileURLToPath(new URL('../', import.meta.url));
const complete = await installCudaPackages(chosen, {
  platform: process.platform,
  arch: process.arch,
  nodeMajor: Number(process.versions.node.split('.', 1)[0]),
  folderOf: (name) => packageFolder(name),
  npm: (words) => {
    const npm = process.env.npm_execpath; // npm itself, as `npm run` tells
    return npm === undefined ? run('npm', words) : run(process.execPath, [npm, ...words]);
  },
  say: (line) => console.log(line),
});
console.log('');
await run(process.execPath, ['bin/ple.js', 'doctor']);
process.exitCode = complete.length > 0 ? 0 : 1;

/** The exit code; what it prints is shown. */
function run(file: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
