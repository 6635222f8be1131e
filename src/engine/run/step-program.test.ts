import { Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { float32, type HostArrays } from '../../support/arrays.js';
import { trace } from '../record/trace.js';
import { createCompiledEngine } from '../run/compiled-engine.js';
import { cut, randomChunk, signature, step } from '../training-step.fixture.js';
import type { DeviceArray, openSession } from './session.js';
import { stepProgram } from './step-program.js';
import { copyNames } from './transfers.js';

/** What is open, and where something goes wrong. Sessions run on the CPU, and keep results as a device would. */
const device = {
  sessions: 0,
  opened: 0,
  arrays: 0,
  /** Which session cannot be opened. */
  refused: 0,
  /** What cannot be fetched. */
  lost: '',
};
beforeEach(() => {
  Object.assign(device, { sessions: 0, opened: 0, arrays: 0, refused: 0, lost: '' });
});

vi.mock('./session.js', async (load) => {
  const real = await load<{ openSession: typeof openSession }>();
  const opening: typeof openSession = async (model, options, kept = []) => {
    device.opened++;
    if (device.opened === device.refused) throw new Error('no memory for a session');
    const session = await real.openSession(model, options);
    device.sessions++;
    return {
      async run(feeds, fetches) {
        if (fetches.includes(device.lost)) throw new Error('the device was lost');
        const all = Object.entries((await session.run(feeds, fetches)).host);
        const onDevice = all.filter(([name]) => kept.includes(name)).map(([name, array]) => [name, keep(array)]);
        return {
          host: Object.fromEntries(all.filter(([name]) => !kept.includes(name))),
          device: Object.fromEntries(onDevice),
        };
      },
      async release() {
        device.sessions--;
        await session.release();
      },
    };
  };
  return { ...real, openSession: opening };
});

// Sessions of the CPU engine, which gives the expected values, are not counted.
vi.mock('./spare-sessions.js', async () => ({
  openOrTakeSession: (await vi.importActual<typeof import('./session.js')>('./session.js')).openSession,
}));

function keep({ dtype, data, shape }: HostArrays[string]): DeviceArray {
  device.arrays++;
  let kept = true;
  return {
    get tensor() {
      if (!kept) throw new Error('an array was used after it was freed');
      return new Tensor(dtype, data, [...shape]);
    },
    free() {
      if (!kept) throw new Error('an array was freed twice');
      kept = false;
      device.arrays--;
    },
  };
}

const compile = () =>
  stepProgram(
    trace(step, signature),
    signature,
    { device: 'cpu', threads: 1 },
    { callMilliseconds: 0, byteMilliseconds: 0 },
  );
/** What the step changes, and `scale`, which it reads. */
const stateArrays = 8;

afterEach(() => {
  expect(device.sessions).toBe(0);
  expect(device.arrays).toBe(0);
});

test('chunks of any length give the states and outputs of a scan, and nothing but the state stays on the device', async () => {
  const chunk = randomChunk(20);
  const scan = await createCompiledEngine({ threads: 1 }).compile(step, signature);
  const program = await compile();
  for (const [from, to] of [
    [0, 1],
    [1, 10],
    [10, 20],
  ] as const) {
    expectClose(await program.run(cut(chunk, from, to)), await scan.run(cut(chunk, from, to)));
    expect(device.arrays).toBe(stateArrays);
  }
  expectClose(await program.readState(), await scan.readState());

  for (const each of [program, scan]) {
    const { steps, bias } = signature.state;
    if (!steps || !bias) throw new Error('missing in the fixture');
    await each.writeState({ scale: float32([], Float32Array.of(0.2)), steps, bias });
  }
  expectClose(await program.run(cut(chunk, 0, 3)), await scan.run(cut(chunk, 0, 3)));
  expectClose(await program.readState(), await scan.readState());
  await program.release();
  await scan.release();
});

test('a session that cannot be opened frees those before it', async () => {
  const program = await compile();
  const sessions = device.opened;
  await program.release();
  expect(sessions).toBe(5); // step, state to host, state to device, two rows
  for (let refused = 1; refused <= sessions; refused++) {
    Object.assign(device, { opened: 0, refused });
    await expect(compile()).rejects.toThrow('no memory for a session');
    expect(device.sessions).toBe(0);
  }
});

test('outputs that cannot be fetched leave nothing of theirs on the device', async () => {
  const program = await compile();
  device.lost = copyNames.whole;
  await expect(program.run(randomChunk(12))).rejects.toThrow('the device was lost');
  expect(device.arrays).toBe(stateArrays);
  await program.release();
});

function expectClose(got: HostArrays, wanted: HostArrays): void {
  expect(Object.keys(got).toSorted()).toEqual(Object.keys(wanted).toSorted());
  for (const [name, { shape, data }] of Object.entries(wanted)) {
    const found = got[name];
    expect(found?.shape, name).toEqual(shape);
    for (const [index, value] of data.entries()) {
      const error = Math.abs((found?.data[index] ?? Number.NaN) - value);
      expect(error, `${name} ${index}`).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(value)));
    }
  }
}
