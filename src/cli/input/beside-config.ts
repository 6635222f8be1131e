import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the configs lie that this process has read. */
export const configFolders = new Set<string>();

/** What to say after an error if the missing file lies beside the config. The error may come from a worker, as text. */
export function hintBeside(message: string): string {
  const [, path = ''] = /^There is no file (.+?) in /.exec(message) ?? [];
  const folder = [...configFolders].find((one) => path !== '' && existsSync(join(one, path)));
  if (folder === undefined) return '';
  return ` Did you mean ${join(folder, path)}, beside the config? Paths of data are relative to the folder that ple is started in: start it in ${folder}.`;
}
