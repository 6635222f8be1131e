import { type HostArrays, sizeOf } from '../../support/arrays.js';
import { UserError } from '../../support/errors.js';
import { wholeNumber } from '../../support/whole-number.js';

const [mebibyte, bytesOfElement] = [2 ** 20, 4];
/** What every WebGPU device can bind as one buffer. Many can bind more; which can, ONNX Runtime does not tell. */
const bindableMebibytes = 128;

/** What to throw for a failed step on WebGPU: with an array of the state that may be too large, that is told. */
export function stepFailure(error: unknown, state: HostArrays): unknown {
  const sizes = Object.entries(state).map(([name, { shape }]) => ({
    name,
    mebibytes: (bytesOfElement * sizeOf(shape)) / mebibyte,
  }));
  const largest = sizes.reduce((a, b) => (b.mebibytes > a.mebibytes ? b : a), { name: '', mebibytes: 0 });
  if (largest.mebibytes <= bindableMebibytes) return error;
  const said = (error instanceof Error ? error.message : String(error)).trim().split('\n', 1)[0];
  return new UserError(
    `engine.device: webgpu failed in a training step: '${largest.name}' has ${wholeNumber(Math.ceil(largest.mebibytes))} MiB, and ` +
      `not every device takes more than ${bindableMebibytes} MiB in one array. Say engine.device=cpu or cuda, or make it smaller ` +
      `(inputs.embedding, inputs.minCount, or hash of the column). ONNX Runtime says: ${said}`,
  );
}
