// For tests: as in a native library that does not give the main thread back.
import { endWithParent } from './end-with-parent.js';

endWithParent();
process.stdout.write('stuck\n');
const until = Date.now() + 30_000;
while (Date.now() < until);
