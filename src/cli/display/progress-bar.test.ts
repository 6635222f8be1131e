import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressBar } from './progress-bar.js';
import { recordingStream } from './stream.fixture.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('where there is no terminal, a line every ten seconds says how much is done, with its unit; none counts columns', () => {
  const { stream, written } = recordingStream(false);
  const bar = progressBar('reading', 'bytes', stream);
  bar.update(2 ** 20, 2 ** 22);
  expect(written()).toEqual([]);
  vi.advanceTimersByTime(10_001);
  bar.update(2 ** 21, 2 ** 22);
  vi.advanceTimersByTime(5000);
  bar.update(3 * 2 ** 20, 2 ** 22);
  bar.line('note: x');
  bar.stop();
  const judging = progressBar('judging', 'columns', stream);
  vi.advanceTimersByTime(20_000);
  judging.update(1, 15);
  expect(written()).toEqual(['reading  21 s left  2.0/4.0 MiB\n', 'note: x\n']);
});

test('on a terminal a bar has the notes that fit, and a line takes its place', () => {
  const columns = 80;
  const { stream, written } = recordingStream(true, columns);
  const bar = progressBar('datasets/a folder with a long name/and a file with another.parquet', 'rows', stream);
  for (let step = 1; step <= 12; step++) {
    bar.update(100 * step, 1500, 'loss 0.1234', '123,456 samples/s', 'a note that never fits '.repeat(5));
    vi.advanceTimersByTime(500);
  }
  bar.line('a line');
  expect(written().at(-1)).toBe('a line\n');
  expect(written()).toContain('datasets/a fold…nother.parquet =============     80 %  2 s left  loss 0.1234');
  expect(Math.max(...written().map((text) => text.length))).toBeLessThan(columns);
});
