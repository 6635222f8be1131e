import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './command.fixture.js';

export const effects = ['--import', resolve(import.meta.dirname, 'effects.fixture.mjs')];

/**
 * Empty folders of a new user, who has not turned telemetry off. CI is unset, because it turns off ONNX Runtime's
 * telemetry.
 */
export function newUser() {
  const folder = temporaryFolder();
  const home = join(folder, 'home');
  const work = join(folder, 'work');
  for (const path of [home, work, join(home, 'cache'), join(home, 'tmp')]) mkdirSync(path);
  const effectsFile = join(folder, 'effects');
  return {
    home,
    work,
    env: {
      HOME: home,
      XDG_CACHE_HOME: join(home, 'cache'),
      XDG_CONFIG_HOME: undefined,
      XDG_DATA_HOME: undefined,
      XDG_STATE_HOME: undefined,
      TMPDIR: join(home, 'tmp'),
      CI: undefined,
      ORT_DISABLE_TELEMETRY: undefined,
      EFFECTS_FILE: effectsFile,
    },
    lines: (kind: 'write' | 'connect') =>
      [...new Set(readFileSync(effectsFile, 'utf8').split('\n'))]
        .filter((line) => line.startsWith(`${kind} `))
        .map((line) => line.slice(kind.length + 1)),
  };
}
