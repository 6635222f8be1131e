import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkChoice, wordsOf } from './usage.js';

/**
 * Downloads the CUDA libraries of ONNX Runtime and of tfjs by their own install scripts. It ends with `ple doctor`,
 * which tries them: an install script can end without a library and without an error. Exit code 0 if one script
 * succeeded: either is enough.
 */
const packages = { onnxruntime: 'onnxruntime-node', tfjs: '@tensorflow/tfjs-node-gpu' };
const usage = 'Usage: npm run setup:cuda -- [--only onnxruntime|tfjs]';
const { values } = wordsOf(usage, { options: { only: { type: 'string' } } });
checkChoice(usage, 'only', values.only, Object.keys(packages));

const options = { cwd: fileURLToPath(new URL('../', import.meta.url)), stdio: 'inherit' } as const;
const npm = process.env.npm_execpath; // npm itself, as `npm run` says
const codes = Object.entries(packages)
  .filter(([label]) => (values.only ?? label) === label)
  .map(([, name]) => {
    const words = ['rebuild', name, '--ignore-scripts=false', '--foreground-scripts'];
    console.log(`npm ${words.join(' ')}`);
    const [file, ...before] = npm === undefined ? ['npm'] : [process.execPath, npm];
    return spawnSync(file ?? 'npm', [...before, ...words], options).status;
  });
spawnSync(process.execPath, ['bin/ple.js', 'doctor'], options);
process.exitCode = codes.includes(0) ? 0 : 1;
