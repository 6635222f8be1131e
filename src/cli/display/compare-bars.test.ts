import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCompareBars } from './compare-bars.js';
import { virtualTerminal } from './terminal.fixture.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('bars and lines fit the columns, and nothing is left behind', () => {
  const columns = 80;
  const { stream, lines } = virtualTerminal(columns);
  stream.write('before\n');
  const bars = openCompareBars(stream, 'all runs', 4, 55);
  bars.job(3, 'cgc seed 3', 0, ['compiling']); // does not change
  const names = ['ple seed 1', 'asymmetric sharing from never-married correlation 0.4 seed 12', 'mmoe seed 2'];
  const logged: string[] = [];
  for (let step = 0; step < 40; step++) {
    bars.total(step, 55, `${60 - step} min left`);
    for (const [place, name] of names.entries()) {
      if ((step + place) % 7 === 0) bars.idle(place);
      else bars.job(place, name, step / 40, [`epoch ${step}/1000`, `${1000 + step * 12345} samples/s`]);
    }
    if (step % 9 === 3) {
      const text = `line ${step}: ${step % 2 === 0 ? 'short' : `${'a word and another '.repeat(8)}to its end`}`;
      logged.push(text);
      bars.log(text);
      if (step % 2 === 0) bars.log(`second line ${step}`);
      if (step % 2 === 0) logged.push(`second line ${step}`);
    }
    vi.advanceTimersByTime(250);
    const shown = lines();
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(columns);
    expect(shown.slice(-5)[0]).toMatch(/^all runs +=* +\d+ % {2}\d+\/55 {2}\d+ min left$/);
    expect(
      shown
        .slice(-4)
        .every((line) => /^(-$|(ple seed 1|asymmetric.*…?.*seed 12|mmoe seed 2|cgc seed 3) +=* +\d+ %)/.test(line)),
    ).toBe(true);
    expect(shown.filter((line) => / % |^-$/.test(line))).toHaveLength(5);
  }
  bars.log('the last one');
  bars.close();
  vi.advanceTimersByTime(1000);
  const [first, ...rest] = lines();
  expect(first).toBe('before');
  expect(rest.join('\n').replaceAll('\n  ', ' ')).toBe([...logged, 'the last one', ''].join('\n'));
});
