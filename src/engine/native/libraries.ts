import { existsSync, readFileSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Libraries that `ple setup` brings from PyPI, all of them into one folder. */
interface LibrarySet {
  /** For messages. */
  readonly title: string;
  /** The command that brings it. */
  readonly command: string;
  readonly size: string;
  /** A file of requirements for pip, which checks each wheel's SHA-256. In the set's folder it says that the set is whole. */
  readonly requirements: string;
}

export type LibraryName = 'tensorflow' | 'tensorflow-cuda' | 'onnxruntime-cuda';

export const libraries: Readonly<Record<LibraryName, LibrarySet>> = {
  // Later releases of TensorFlow export LLVM's symbols, which other libraries of the process then take.
  tensorflow: {
    title: 'TensorFlow 2.18.1 for the CPU',
    command: 'ple setup tensorflow',
    size: '0.2 GB from PyPI, 1.0 GB on the disk',
    requirements: [
      wheel('tensorflow-cpu==2.18.1', '810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298'),
    ].join(''),
  },
  // The wheels of its extra and-cuda.
  'tensorflow-cuda': {
    title: 'TensorFlow 2.18.1 with CUDA 12.5',
    command: 'ple setup cuda --only tfjs',
    size: '2.4 GB from PyPI, 4.5 GB on the disk',
    requirements: [
      wheel('tensorflow==2.18.1', 'c9f87e5d2a680a4595f5dc30daf6bbaec9d4129b46d7ef1b2af63c46ac7d2828'),
      wheel('nvidia-cublas-cu12==12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b'),
      wheel('nvidia-cuda-cupti-cu12==12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953'),
      wheel('nvidia-cuda-nvcc-cu12==12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0'),
      wheel('nvidia-cuda-nvrtc-cu12==12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd'),
      wheel('nvidia-cuda-runtime-cu12==12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115'),
      wheel('nvidia-cudnn-cu12==9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d'),
      wheel('nvidia-cufft-cu12==11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8'),
      wheel('nvidia-curand-cu12==10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536'),
      wheel('nvidia-cusolver-cu12==11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b'),
      wheel('nvidia-cusparse-cu12==12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752'),
      wheel('nvidia-nccl-cu12==2.21.5', '8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0'),
      wheel('nvidia-nvjitlink-cu12==12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212'),
    ].join(''),
  },
  // The provider was compiled by CUDA 13.0: its libraries, so that the oldest driver of CUDA 13 runs them.
  'onnxruntime-cuda': {
    title: 'ONNX Runtime 1.30.0 with CUDA 13.0',
    command: 'ple setup cuda --only onnxruntime',
    size: '1.6 GB from PyPI, 2.6 GB on the disk',
    requirements: [
      wheel('onnxruntime-gpu==1.30.0', '4fbf0c5d7b5fb99266c2e8a802e3e64af68bdc383e0f3c7349b985f1087eedaa'),
      wheel('nvidia-cublas==13.1.0.3', 'ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171'),
      wheel('nvidia-cuda-nvrtc==13.0.88', 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575'),
      wheel('nvidia-cuda-runtime==13.0.96', '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548'),
      wheel('nvidia-cudnn-cu13==9.28.1.4', 'a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec'),
      wheel('nvidia-cufft==12.0.0.61', '6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3'),
      wheel('nvidia-curand==10.4.0.35', '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc'),
      wheel('nvidia-nvjitlink==13.0.88', '13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b'),
    ].join(''),
  },
};

function wheel(pin: string, sha256: string): string {
  return `${pin} --hash=sha256:${sha256}\n`;
}

/** The package with the JavaScript and the C++ sources of both of TensorFlow's sets. */
export const tfjsPackage = '@tensorflow/tfjs-node-gpu';

export const addonFile = 'tfjs_binding.node';

/** In a set's folder: its requirements, written last. A folder without this file is a part of a set. */
export const stampFile = 'requirements.txt';

/**
 * Where the sets lie. In a clone it is the folder `native`, which npm does not touch and Git ignores. An installed
 * package may lie in a folder that belongs to root or is replaced, so its sets are the user's.
 */
export function nativeFolder(env: NodeJS.ProcessEnv = process.env, root = packageRoot): string {
  if (!root.split(/[\\/]/).includes('node_modules')) return join(root, 'native');
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'ple-runner', 'native');
}

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The folder of a set; undefined if it is not here.
 * @throws if it is of another version.
 */
export function installed(name: LibraryName, within = nativeFolder()): string | undefined {
  const folder = join(within, name);
  const stamp = join(folder, stampFile);
  if (!existsSync(stamp)) return undefined;
  const { requirements, command } = libraries[name];
  if (readFileSync(stamp, 'utf8') === requirements) return folder;
  throw new Error(`${folder} is of another version of ple: run ${command}`);
}

/** The loader keeps a library that nothing uses (`RTLD_NODELETE` of glibc). Node has no name for it. */
const keepLoaded = 0x1000;

/**
 * Loads the ONNX Runtime that `ple setup` brought, and the CUDA that its provider asks the loader for, by name. The binding
 * for Node asks by name too and gets what is loaded already. ONNX Runtime then finds its provider beside it. So nothing is
 * written into node_modules, where `npm ci` would remove it. It must come before the first session of the process.
 */
export function loadCudaRuntime(): void {
  const folder = installed('onnxruntime-cuda');
  if (folder === undefined) return; // npm's own install script may have brought the provider
  const cuda = ['cudart.so.13', 'nvJitLink.so.13', 'nvrtc.so.13', 'cublasLt.so.13', 'cublas.so.13', 'curand.so.10'];
  const files = [...cuda, 'cufft.so.12'].map((name) => `nvidia/cu13/lib/lib${name}`);
  for (const file of [...files, 'nvidia/cudnn/lib/libcudnn.so.9', 'onnxruntime/capi/libonnxruntime.so.1.30.0']) {
    try {
      process.dlopen({ exports: {} }, join(folder, file), constants.dlopen.RTLD_NOW | keepLoaded);
    } catch (error) {
      // It is loaded, but is no addon.
      if (!(error instanceof Error) || !error.message.includes('did not self-register')) throw error;
    }
  }
}
