// Loaded with --import: kills its own process at the place that KILL_AT names, so that the moment does not depend on time.
//   compile        when ONNX Runtime is to create the first session
//   run:N          at the N-th run of a session
//   checkpoint:N   half-way through writing the N-th last.safetensors
// With KILL_GROUP it kills its whole process group; KILL_WITH is another signal than SIGKILL.
import fsPromises from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const [place, count = '1'] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);
const strike = () => {
  left -= 1;
  if (left === 0) process.kill(process.env.KILL_GROUP ? 0 : process.pid, process.env.KILL_WITH ?? 'SIGKILL');
};

if (place === 'compile' || place === 'run') {
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
  const create = InferenceSession.create;
  InferenceSession.create = async (...given) => {
    if (place === 'compile') strike();
    const session = await create.apply(InferenceSession, given);
    const run = session.run.bind(session);
    session.run = (...runGiven) => {
      if (place === 'run') strike();
      return run(...runGiven);
    };
    return session;
  };
} else if (place === 'checkpoint') {
  const open = fsPromises.open;
  fsPromises.open = async (path, ...given) => {
    const handle = await open(path, ...given);
    if (!/last\.safetensors\..*\.tmp$/.test(String(path))) return handle;
    const writeFile = handle.writeFile.bind(handle);
    let writes = 0;
    handle.writeFile = async (...written) => {
      writes += 1;
      if (writes === 4) strike();
      return writeFile(...written);
    };
    return handle;
  };
  syncBuiltinESMExports();
} else throw new Error(`KILL_AT=${process.env.KILL_AT} names no place.`);
