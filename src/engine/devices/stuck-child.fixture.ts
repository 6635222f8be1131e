// For tests: blocks the main thread, as a native library may.
import { endWithParent } from './devices.js';

endWithParent();
process.stdout.write('stuck\n');
const until = Date.now() + 30_000;
while (Date.now() < until);
