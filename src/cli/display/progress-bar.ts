import { SingleBar } from 'cli-progress';
import stringWidth from 'string-width';
import { count, duration } from '../../report/numbers.js';
import { shortened } from '../../report/text-table.js';
import { printable } from '../../support/text.js';

export type Unit = 'bytes' | 'rows' | 'columns' | 'steps' | 'runs';

export interface ProgressBar {
  /** @param total NaN if unknown. A terminal shows only the notes that fit. */
  update(done: number, total: number, ...notes: readonly string[]): void;
  /** Writes a line above the bar, without control characters. */
  line(text: string): void;
  stop(): void;
}

const [barColumns, longestTitle] = [16, 30];
/** Where there is no terminal. */
const secondsBetweenLines = 10;
/** No estimate before this time. */
const secondsBeforeGuess = 2;

/**
 * A progress display on stderr: a bar on a terminal, elsewhere a line every ten seconds. Columns, which take seconds,
 * are shown on a terminal alone.
 */
export function progressBar(title: string, unit: Unit, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  let bar: SingleBar | undefined;
  let last = performance.now();
  const timeLeft = leftByMeanRate(unit === 'runs' ? 1 : 0);
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(done, total, ...notes) {
      const texts = [timeLeft(done, total), ...notes, amount(done, total, unit)].filter((text) => text !== '');
      if (stream.isTTY) {
        const values = { texts };
        if (!bar) {
          bar = new SingleBar({
            stream,
            format: (_options, { progress }, payload: typeof values) =>
              barLine(shortened(title, longestTitle), progress, payload.texts, stream.columns || 80),
            clearOnComplete: true,
            hideCursor: true,
          });
          bar.start(1, 0, values);
        }
        bar.setTotal(Number.isNaN(total) ? 2 * done : total);
        bar.update(done, values);
      } else if (unit !== 'columns' && performance.now() - last > secondsBetweenLines * 1000) {
        stream.write(`${[title, ...texts].join('  ')}\n`);
        last = performance.now();
      }
    },
    line(text) {
      stop();
      stream.write(`${printable(text)}\n`);
    },
    stop,
  };
}

/** An amount of work done: `12.3/456.7 MiB`, `1,000/250,000 rows`. @param total NaN if unknown. */
function amount(done: number, total: number, unit: Unit): string {
  const shown = (value: number) => {
    if (Number.isNaN(value)) return '?';
    return unit === 'bytes' ? (value / 2 ** 20).toFixed(1) : count(Math.floor(value));
  };
  return `${shown(done)}/${shown(total)} ${unit === 'bytes' ? 'MiB' : unit}`;
}

/**
 * Time left at the mean rate since the first update, because progress may come in bursts. Empty while there is no
 * estimate.
 * @param least What must be done before: a first run starts slowly.
 */
function leftByMeanRate(least: number): (done: number, total: number) => string {
  let first: { readonly done: number; readonly total: number; readonly at: number } | undefined;
  return (done, total) => {
    const now = performance.now() / 1000;
    if (!first || done < first.done || total !== first.total) first = { done, total, at: now };
    const seconds = (now - first.at) * ((total - done) / (done - first.done));
    return now - first.at >= secondsBeforeGuess && done - first.done >= least && Number.isFinite(seconds)
      ? `${duration(seconds)} left`
      : '';
  };
}

/**
 * A line with a bar. It ends before the terminal's last column, where text would wrap and leave remains. Only the first
 * notes that fit are shown.
 */
function barLine(name: string, fraction: number, notes: readonly string[], columns: number): string {
  const done = Math.round(barColumns * Math.min(1, Math.max(0, fraction)));
  const percent = `${Math.floor(100 * fraction)}`.padStart(3);
  let line = `${name} ${'='.repeat(done)}${' '.repeat(barColumns - done)} ${percent} %`;
  for (const note of notes) {
    const longer = `${line}  ${note}`;
    if (stringWidth(longer) >= columns) break;
    line = longer;
  }
  return line.slice(0, columns - 1);
}
