import { statSync } from 'node:fs';

/**
 * Wraps a reader of files, so that it reads a file again only if its inode, size or time of change differs. Undefined
 * without the file.
 */
export function whenChanged<Value>(read: (file: string) => Value): (file: string) => Value | undefined {
  const known = new Map<string, { readonly signature: string; readonly value: Value }>();
  return (file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) {
      known.delete(file);
      return undefined;
    }
    const signature = `${stat.ino} ${stat.size} ${stat.mtimeMs}`; // taken before reading: what is added meanwhile is read next time
    const before = known.get(file);
    if (before?.signature === signature) return before.value;
    const value = read(file);
    known.set(file, { signature, value });
    return value;
  };
}
