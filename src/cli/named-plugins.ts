import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../support/errors.js';

/** Loads what `--plugin` names. */
export async function loadNamed(files: readonly string[] = []): Promise<void> {
  if (files.length === 0) return;
  const { loadPlugin } = await import('../training/plugins.js');
  for (const file of files) {
    if (!existsSync(file)) throw new ConfigError(`There is no plugin ${file} (--plugin).`);
    await loadPlugin(resolve(file));
  }
}
