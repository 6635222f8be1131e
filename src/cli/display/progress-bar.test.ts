import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressBars } from './progress-bar.js';
import { recordingStream } from './stream.fixture.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('where there is no terminal, a line every ten seconds says how much is done, with its unit; none counts columns', () => {
  const { stream, written } = recordingStream(false);
  const bars = progressBars(stream);
  bars.update('reading', 'bytes', 2 ** 20, 2 ** 22);
  expect(written()).toEqual([]);
  vi.advanceTimersByTime(10_001);
  bars.update('reading', 'bytes', 2 ** 21, 2 ** 22);
  vi.advanceTimersByTime(5000);
  bars.update('reading', 'bytes', 3 * 2 ** 20, 2 ** 22);
  bars.line('note: x');
  for (const column of [1, 2]) {
    bars.update('judging', 'columns', column, 15);
    vi.advanceTimersByTime(20_000);
  }
  expect(written()).toEqual(['reading  21 s left  2.0/4.0 MiB\n', 'note: x\n']);
});

test('on a terminal a bar has the notes that fit, and a line takes its place', () => {
  const columns = 80;
  const { stream, written } = recordingStream(true, columns);
  const title = 'datasets/a folder with a long name/and a file with another.parquet';
  const bars = progressBars(stream);
  for (let step = 1; step <= 12; step++) {
    bars.update(
      title,
      'rows',
      100 * step,
      1500,
      'loss 0.1234',
      '123,456 samples/s',
      'a note that never fits '.repeat(5),
    );
    vi.advanceTimersByTime(500);
  }
  bars.line('a line');
  expect(written().at(-1)).toBe('a line\n');
  expect(written()).toContain('datasets/a fold…nother.parquet =============     80 %  2 s left  loss 0.1234');
  expect(Math.max(...written().map((text) => text.length))).toBeLessThan(columns);
});
