// Loaded with --import by other-face.sh: what Node says of a machine.
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const [core] = os.cpus();
const { userInfo } = os;
os.cpus = () => Array.from({ length: 7 }, () => ({ ...core, model: 'Another Processor 3000 @ 1.00GHz' }));
os.hostname = () => 'another-host';
os.userInfo = (options) => ({ ...userInfo(options), username: 'nobody', homedir: process.env.HOME });
syncBuiltinESMExports();
