import { constants } from 'node:os';
import { join } from 'node:path';
import { installed, libraries, runtimeFile } from './libraries.js';

/** The loader keeps a library that nothing uses (`RTLD_NODELETE` of glibc). Node has no name for it. */
const keepLoaded = 0x1000;

/**
 * Loads the ONNX Runtime that `ple setup` brought with CUDA, if it did. Its binding for Node asks the loader for a
 * library of this name and gets the one that is loaded already. ONNX Runtime then finds its CUDA provider beside it. So
 * nothing is written into node_modules, where `npm ci` would remove it. It must come before the first session of the
 * process.
 */
export function loadCudaRuntime(): void {
  const set = libraries['onnxruntime-cuda'];
  const { state, folder } = installed(set);
  if (state === 'other')
    throw new Error(`${folder} is of another version of ple or of onnxruntime-node: run ${set.command}`);
  if (state === 'absent') return; // npm's own install script may have brought the provider
  try {
    process.dlopen({ exports: {} }, join(folder, runtimeFile), constants.dlopen.RTLD_NOW | keepLoaded);
  } catch (error) {
    // It is loaded, but is no addon.
    if (!(error instanceof Error) || !error.message.includes('did not self-register')) throw error;
  }
}
