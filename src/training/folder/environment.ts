import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { ChosenDevice } from '../../engine/devices/devices.js';
import type { Engine } from '../../engine/engine.js';
import { readStored } from './run-folder.js';

const packageJson = new URL('../../../package.json', import.meta.url);

/** A run's environment: versions, commit, processor, engine, device and the reason for it. */
export function describeEnvironment(engine: Engine, { candidate, adapter, why }: ChosenDevice) {
  const { resolve } = createRequire(import.meta.url);
  return {
    ple: programVersion(),
    commit: commit(),
    node: process.version,
    tfjs: packageVersion(resolve('@tensorflow/tfjs/package.json')),
    onnxruntime: packageVersion(resolve('onnxruntime-node/package.json')),
    tensorflow: engine.tensorflow,
    platform: `${process.platform}-${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? null, cores: availableParallelism() },
    memoryBytes: totalmem(),
    engine: {
      name: engine.name,
      device: engine.device,
      deviceId: candidate.deviceId,
      threads: engine.threads,
      ...adapter,
      why,
    },
  };
}

/** The version of this program. */
export function programVersion(): string {
  return packageVersion(packageJson) ?? 'unknown';
}

/** environment.json */
const environmentShape = z.looseObject({
  hash8: z.string(),
  /** Environments before the run continued elsewhere, the oldest first. */
  earlier: z.array(z.record(z.string(), z.unknown())).optional(),
});
type StoredEnvironment = Readonly<z.infer<typeof environmentShape>>;

/** The environment in a run's folder; undefined if the run was killed before it was written. */
export function readEnvironment(path: string): StoredEnvironment | undefined {
  const file = join(path, 'environment.json');
  if (!existsSync(file)) return undefined;
  const advice = existsSync(join(path, 'result.json'))
    ? `Put it back, or delete ${path} and train the run again`
    : 'Delete the file: the run continues without it';
  return readStored(file, environmentShape, (text): StoredEnvironment => JSON.parse(text), advice);
}

/** The environment that a run continues in. `earlier` has the previous ones that differ. */
export function goingOn(now: object, before: StoredEnvironment | undefined) {
  if (!before) return now;
  const { hash8: _, earlier = [], ...last } = before;
  const values = JSON.stringify(last) === JSON.stringify(now) ? earlier : [...earlier, last];
  return values.length > 0 ? { ...now, earlier: values } : now;
}

/** A run's environments one by one; the run ended in the last. */
export function allEnvironments(environment: Readonly<Record<string, unknown>>): readonly Record<string, unknown>[] {
  const { earlier, ...last } = environment;
  return [...(environmentShape.shape.earlier.parse(earlier) ?? []), last];
}

function packageVersion(path: string | URL): string | null {
  const { data } = z.object({ version: z.string() }).safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return data?.version ?? null;
}

/** The commit of the clone that this program runs from; null outside of one. */
function commit(): string | null {
  const cwd = new URL('../../../', import.meta.url);
  if (!existsSync(new URL('.git', cwd))) return null; // an installed package must not name the repository around it
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
