import { join } from 'node:path';
import { cudaNeeds } from './failures.js';
import { filesIn, hasTfjsBinding, runtimeFolder } from './native-packages.js';
import { firstNodeWithoutTfjs } from './static-checks.js';

/** An npm package whose own install script downloads its CUDA libraries. */
export interface CudaPackage {
  /** The name for `--only`. */
  readonly label: 'onnxruntime' | 'tfjs';
  readonly name: string;
  readonly needs: string;
  /** npm arguments that run its install script and show its output. */
  readonly words: readonly string[];
  /** Why it cannot be installed on this machine. */
  unfit(node: { readonly platform: string; readonly arch: string; readonly nodeMajor: number }): string | undefined;
  /** The libraries missing in its folder. Install scripts are known to succeed without leaving any. */
  missing(folder: string, node: { readonly platform: string; readonly arch: string }): readonly string[];
}

const rebuild = (name: string) => ['rebuild', name, '--ignore-scripts=false', '--foreground-scripts'];

export const cudaPackages: readonly CudaPackage[] = [
  {
    label: 'onnxruntime',
    name: 'onnxruntime-node',
    needs: `${cudaNeeds.compiled.cuda} and ${cudaNeeds.compiled.cudnn}`,
    words: rebuild('onnxruntime-node'),
    unfit: ({ platform, arch }) =>
      platform === 'linux' && arch === 'x64'
        ? undefined
        : `it has CUDA for linux-x64 only, not for ${platform}-${arch}`,
    missing(folder, { platform, arch }) {
      const files = filesIn(runtimeFolder(folder, platform, arch));
      const wanted = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'];
      return wanted.filter((file) => !files.includes(file));
    },
  },
  {
    label: 'tfjs',
    name: '@tensorflow/tfjs-node-gpu',
    needs: `${cudaNeeds.tfjs.cuda} and ${cudaNeeds.tfjs.cudnn}`,
    words: rebuild('@tensorflow/tfjs-node-gpu'),
    unfit: ({ platform, arch, nodeMajor }) => {
      if (nodeMajor >= firstNodeWithoutTfjs) return `it does not work with Node ${nodeMajor}: use Node 20 or 22`;
      const known = arch === 'x64' && (platform === 'linux' || platform === 'win32');
      return known ? undefined : `it has CUDA for Linux and Windows on x64 only, not for ${platform}-${arch}`;
    },
    missing: (folder) => [
      ...(hasTfjsBinding(folder) ? [] : ['tfjs_binding.node']),
      ...(filesIn(join(folder, 'deps', 'lib')).some((file) => /^(lib)?tensorflow\.(so|dll)/.test(file))
        ? []
        : ['libtensorflow']),
    ],
  },
];

export interface Installation {
  readonly platform: string;
  readonly arch: string;
  readonly nodeMajor: number;
  /** A package's folder. Null: not installed. */
  folderOf(name: string): string | null;
  /** Runs npm and returns its exit code. */
  npm(words: readonly string[]): Promise<number>;
  say(line: string): void;
}

/**
 * Runs the install scripts of these packages and checks that their libraries arrived. Returns the packages that are
 * complete.
 */
export async function installCudaPackages(
  packages: readonly CudaPackage[],
  on: Installation,
): Promise<readonly CudaPackage[]> {
  const complete: CudaPackage[] = [];
  for (const one of packages) {
    const problem = await installOne(one, on);
    if (problem === undefined) complete.push(one);
    on.say(`${one.name}: ${problem ?? `its CUDA libraries are there; they need ${one.needs}`}`);
  }
  return complete;
}

/** The problem, if there is one. */
async function installOne(one: CudaPackage, on: Installation): Promise<string | undefined> {
  const unfit = one.unfit(on);
  if (unfit !== undefined) return unfit;
  const folder = on.folderOf(one.name);
  if (folder === null) return 'it is not installed: run npm ci first (with its optional dependencies)';
  if (one.missing(folder, on).length === 0) return undefined;
  on.say(`${one.name}: npm ${one.words.join(' ')}`);
  const code = await on.npm(one.words);
  const missing = one.missing(folder, on);
  if (missing.length === 0) return undefined;
  const how =
    code === 0 ? 'its install script succeeded without' : `its install script failed (exit code ${code}), without`;
  return `${how} ${missing.join(' and ')}; it downloads them, so see what it says above and whether the network is open`;
}
