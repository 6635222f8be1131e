import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file whole or not at all: under another name, which is renamed. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const partial = `${path}.partial`;
  try {
    writeFileSync(partial, content);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
