import * as runtime from 'onnxruntime-node';
import { expect, test, vi } from 'vitest';
import { float32 } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import { createCompiledEngine } from './compiled-engine.js';

const engine = createCompiledEngine({ threads: 1 });

/** A program that adds the factor times the batch's value to a sum. */
function sumProgram(factor: number) {
  return engine.compile(
    ({ sum }, { x }) => ({ state: { sum: must(sum, 'sum').add(must(x, 'x').mul(factor)) }, outputs: {} }),
    {
      state: { sum: float32([1]) },
      batch: { x: { dtype: 'float32', shape: [1] } },
    },
  );
}

async function sumOf(program: Awaited<ReturnType<typeof sumProgram>>, ...values: number[]) {
  await program.run({ x: float32([values.length, 1], Float32Array.from(values)) });
  return [...must((await program.readState()).sum, 'sum').data];
}

test('a released session serves the next program of the same graph, and no other', async () => {
  const create = vi.spyOn(runtime.InferenceSession, 'create');
  const first = await sumProgram(2);
  expect(await sumOf(first, 1, 2)).toEqual([6]);
  const beside = await sumProgram(2); // the first one is not released
  expect(create).toHaveBeenCalledTimes(2);
  await first.release();
  const second = await sumProgram(2);
  expect(create).toHaveBeenCalledTimes(2);
  expect(await sumOf(second, 3)).toEqual([6]); // its state is its own
  expect(await sumOf(beside, 5)).toEqual([10]);
  const other = await sumProgram(3);
  expect(create).toHaveBeenCalledTimes(3);
  expect(await sumOf(other, 1)).toEqual([3]);
  await Promise.all([second, beside, other].map((program) => program.release()));
});

test('the oldest of more than 16 spare sessions are released', async () => {
  const programs = await Promise.all(Array.from({ length: 17 }, (_, index) => sumProgram(100 + index)));
  for (const program of programs) await program.release();
  const create = vi.spyOn(runtime.InferenceSession, 'create').mockClear();
  await (await sumProgram(116)).release();
  expect(create).toHaveBeenCalledTimes(0);
  await (await sumProgram(100)).release();
  expect(create).toHaveBeenCalledTimes(1);
});

test('spare sessions hold at most 64 MiB', async () => {
  const large = () =>
    engine.compile(({ sum }, { x }) => ({ state: { sum: must(sum, 'sum').add(must(x, 'x')) }, outputs: {} }), {
      state: { sum: float32([2 ** 24]) },
      batch: { x: { dtype: 'float32', shape: [1] } },
    });
  const create = vi.spyOn(runtime.InferenceSession, 'create').mockClear();
  const program = await large();
  await program.run({ x: float32([1, 1]) });
  await program.release();
  await (await large()).release();
  expect(create).toHaveBeenCalledTimes(2);
});
