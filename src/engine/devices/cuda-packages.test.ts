import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cudaPackages, type Installation, installCudaPackages } from './cuda-packages.js';

const provided = [
  'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so',
  'bin/napi-v6/linux/x64/libonnxruntime_providers_shared.so',
];
const tensorflow = ['lib/napi-v8/tfjs_binding.node', 'deps/lib/libtensorflow.so.2.9.1'];

/** Folders of both packages, and an npm that leaves these files in them and exits with these codes. */
function installation(
  installed: Readonly<Record<string, { readonly files: readonly string[]; readonly code: number }>>,
  changes: Partial<Installation> = {},
) {
  const root = mkdtempSync(join(tmpdir(), 'ple-setup-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const said: string[] = [];
  const ran: string[] = [];
  const on: Installation = {
    platform: 'linux',
    arch: 'x64',
    nodeMajor: 20,
    folderOf: (name) => join(root, name),
    async npm(words) {
      ran.push(words.join(' '));
      const name = words[1] ?? '';
      for (const path of installed[name]?.files ?? []) {
        mkdirSync(dirname(join(root, name, path)), { recursive: true });
        writeFileSync(join(root, name, path), '');
      }
      return installed[name]?.code ?? 1;
    },
    say: (line) => said.push(line),
    ...changes,
  };
  return { on, said, ran };
}

const labels = async (on: Installation) => (await installCudaPackages(cudaPackages, on)).map(({ label }) => label);

test('both arrive, each by its own installer, and say which CUDA they need; again they are found there', async () => {
  const { on, said, ran } = installation({
    'onnxruntime-node': { files: provided, code: 0 },
    '@tensorflow/tfjs-node-gpu': { files: tensorflow, code: 0 },
  });
  expect(await labels(on)).toEqual(['onnxruntime', 'tfjs']);
  expect(ran).toEqual([
    'rebuild onnxruntime-node --ignore-scripts=false --foreground-scripts',
    'rebuild @tensorflow/tfjs-node-gpu --ignore-scripts=false --foreground-scripts',
  ]);
  expect(said.at(1)).toMatch(/^onnxruntime-node: its CUDA libraries are there; they need CUDA 12 and cuDNN 9$/);
  expect(said.at(3)).toMatch(/^@tensorflow\/tfjs-node-gpu: .* CUDA 11\.2 and cuDNN 8\.1$/);
  expect(await labels(on)).toEqual(['onnxruntime', 'tfjs']);
  expect(ran).toHaveLength(2);
});

test('without a network both fail, in a line each', async () => {
  const { on, said } = installation({
    'onnxruntime-node': { files: [], code: 1 },
    '@tensorflow/tfjs-node-gpu': { files: ['lib/napi-v8/tfjs_binding.node'], code: 1 },
  });
  expect(await labels(on)).toEqual([]);
  const lines = said.filter((line) => !line.includes(' npm rebuild '));
  expect(lines).toEqual([
    expect.stringMatching(/^onnxruntime-node: its install script failed \(exit code 1\), without libonnx[^\n]*network/),
    expect.stringMatching(/^@tensorflow\/tfjs-node-gpu: .* without libtensorflow;/),
  ]);
});

test.each<[what: string, Partial<Installation>, RegExp, RegExp]>([
  ['Node 24', { nodeMajor: 24 }, /failed/, /does not work with Node 24: use Node 20 or 22/],
  ['a Mac', { platform: 'darwin', arch: 'arm64' }, /for linux-x64 only, not for darwin-arm64/, /not for darwin-arm64/],
])('%s is told without trying', async (_, changes, first, second) => {
  const { on, said, ran } = installation({}, changes);
  expect(await labels(on)).toEqual([]);
  expect(said.find((line) => /^onnxruntime-node: (?!npm)/.test(line))).toMatch(first);
  expect(said.at(-1)).toMatch(second);
  expect(ran.filter((words) => words.includes('tfjs'))).toEqual([]);
});
