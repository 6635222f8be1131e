import { WriteStream } from 'node:tty';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { amount } from './amount.js';
import { progressBar } from './progress-bar.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  [[2 ** 20, 10.5 * 2 ** 20, 'bytes'], '1.0/10.5 MiB'],
  [[2 ** 19, Number.NaN, 'bytes'], '0.5/? MiB'],
  [[1000, 250_000, 'rows'], '1,000/250,000 rows'],
] as const)('%j is %s', ([done, total, unit], text) => {
  expect(amount(done, total, unit)).toBe(text);
});

test('where there is no terminal, a line every ten seconds says how much is done, with its unit', () => {
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, { isTTY: { value: false } });
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  const bar = progressBar('reading', 'bytes', stream);
  bar.update(2 ** 20, 2 ** 22);
  expect(write).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_001);
  bar.update(2 ** 21, 2 ** 22);
  vi.advanceTimersByTime(5000);
  bar.update(3 * 2 ** 20, 2 ** 22);
  bar.line('note: x');
  bar.stop();
  expect(write.mock.calls.map(([text]) => text)).toEqual(['reading  2.0/4.0 MiB\n', 'note: x\n']);
});
