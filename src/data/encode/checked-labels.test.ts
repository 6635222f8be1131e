import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import { fakeSource, readWhole } from './encode.fixture.js';
import { encode } from './encode.js';

const names = ['train', 'validation', 'test'] as const;

/** Seven rows in blocks of three, alike in all splits but for one label, or one weight, of one of them. */
function encodedWith(type: 'binary' | 'regression', where: string, label: number, weight?: number) {
  const split = (name: string) => {
    const labels = [0, 1, 0, 1, name === where ? label : 0, 1, 1];
    const weights =
      weight === undefined ? {} : { weights: labels.map((_, row) => (row === 4 && name === where ? weight : 2)) };
    return { columns: [[1, 2, 3, 4, 5, 6, 7]], labels: [labels], ...weights };
  };
  const splits = { train: split('train'), validation: split('validation'), test: split('test') };
  const source = fakeSource([{ name: 'x', kind: 'numeric' }], [{ name: 'click', type }], splits, 3);
  return encode(source, inputsSchema.parse({}), [taskSchema.parse({ name: 'click', type })]);
}

async function readAll(encoding: ReturnType<typeof encodedWith>): Promise<number> {
  const { splits } = await encoding;
  let rows = 0;
  for (const name of names) rows += (await readWhole(splits[name])).rows;
  return rows;
}

test.each(['train', 'test'])('a label of 2 is refused in the %s split, with its row, task and value', async (where) => {
  const reading = readAll(encodedWith('binary', where, 2));
  await expect(reading).rejects.toThrow(DataError);
  const message = `Row 5 of the ${where} split: the label of binary task 'click' is 2, which is neither 0 nor 1.`;
  await expect(reading).rejects.toThrow(message);
});

test('a regression label may be any number, but must be one', async () => {
  expect(await readAll(encodedWith('regression', 'test', -2.5))).toBe(21);
  for (const label of [Number.NaN, Number.POSITIVE_INFINITY])
    await expect(readAll(encodedWith('regression', 'test', label))).rejects.toThrow(
      /regression task 'click' .*no finite/,
    );
});

test('a weight below 0 is refused with its row and value', async () => {
  await expect(readAll(encodedWith('binary', 'test', 1, -0.5))).rejects.toThrow(
    'Row 5 of the test split: the weight is -0.5, which is no finite number of at least 0.',
  );
});
