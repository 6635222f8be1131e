// Loaded with --import: writes to the file that EFFECTS_FILE names a line for every path that the process writes
// (`write PATH`) and every address that it asks for (`connect ADDRESS`); the latter fails.
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const log = fs.openSync(process.env.EFFECTS_FILE, 'a');
const { writeSync } = fs;
const record = (line) => writeSync(log, `${line}\n`);

const resolvedPath = (path) => (path instanceof URL ? fileURLToPath(path) : resolve(String(path)));
const isWriting = (flags) =>
  typeof flags === 'string'
    ? /[wa+]/.test(flags)
    : ((flags ?? 0) & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;

// Which argument is the path that is written.
const writers = {
  ...{ writeFile: 0, appendFile: 0, mkdir: 0, mkdtemp: 0, truncate: 0, rm: 0, unlink: 0, rmdir: 0 },
  ...{ rename: 1, link: 1, symlink: 1, copyFile: 1, cp: 1 },
};
function watch(object, name, argument, counts = () => true) {
  const original = object[name];
  if (typeof original !== 'function') throw new Error(`node:fs has no ${name}.`);
  object[name] = function (...given) {
    if (typeof given[argument] !== 'number' && counts(given)) record(`write ${resolvedPath(given[argument])}`);
    return original.apply(this, given);
  };
}
for (const [object, suffixes] of [
  [fs, ['', 'Sync']],
  [fsPromises, ['']],
]) {
  for (const suffix of suffixes) {
    for (const [name, argument] of Object.entries(writers)) watch(object, name + suffix, argument);
    watch(object, `open${suffix}`, 0, ([, flags]) => isWriting(flags));
  }
}

function refuse(object, name) {
  object[name] = (...given) => {
    record(`connect ${name} ${JSON.stringify(given[0])}`);
    throw new Error('No address may be contacted.');
  };
}
refuse(Socket.prototype, 'connect'); // of node:net, tls, http, https and fetch
refuse(dgram, 'createSocket');
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
  refuse(dns, name);
  refuse(dns.promises, name);
}
syncBuiltinESMExports();
