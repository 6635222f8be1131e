import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type TfjsPackageName = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

/** An npm package that runs tfjs on TensorFlow's native library. */
export interface TfjsPackage {
  readonly version: string;
  /** Its native library, `tfjs_binding.node`, is present. It is missing if install scripts were skipped. */
  readonly native: boolean;
  /** It resolves tfjs to this program's copy. */
  readonly sharesTfjs: boolean;
}

/** Where a package is installed, as resolved from a module of this program. Null: not installed. */
export function packageFolder(name: string, from: string = import.meta.url): string | null {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

/** The folder of ONNX Runtime's native libraries for a platform. */
export function runtimeFolder(packagePath: string, platform: string, arch: string): string {
  return join(packagePath, 'bin', 'napi-v6', platform, arch);
}

export function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

export function readTfjsPackage(name: TfjsPackageName, from: string = import.meta.url): TfjsPackage | null {
  const folder = packageFolder(name, from);
  if (folder === null) return null;
  const parsed: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : '';
  const its = createRequire(join(folder, 'package.json'));
  return {
    version,
    native: hasTfjsBinding(folder),
    sharesTfjs: resolved(its, '@tensorflow/tfjs') === resolved(createRequire(from), '@tensorflow/tfjs'),
  };
}

/** tfjs-node stores its library by Node-API version: `lib/napi-v8/tfjs_binding.node`. */
export function hasTfjsBinding(folder: string): boolean {
  const lib = join(folder, 'lib');
  return filesIn(lib).some((name) => existsSync(join(lib, name, 'tfjs_binding.node')));
}

function resolved(require: NodeJS.Require, name: string): string | null {
  try {
    return require.resolve(name);
  } catch {
    return null;
  }
}
