import { SingleBar } from 'cli-progress';
import stringWidth from 'string-width';
import { count, duration } from '../../report/numbers.js';
import { shortened } from '../../report/text-table.js';
import { printable } from '../../support/text.js';

type Unit = 'bytes' | 'rows' | 'columns' | 'steps' | 'runs';

export type ProgressBars = ReturnType<typeof progressBars>;

const [barColumns, longestTitle] = [16, 30];
/** Where there is no terminal. */
const secondsBetweenLines = 10;
/** No estimate before this time. */
const secondsBeforeGuess = 2;

/**
 * Progress on stderr: on a terminal one bar at a time, elsewhere a line every ten seconds, and other lines between.
 * Columns, which take seconds, are shown on a terminal alone.
 */
export function progressBars(stream: NodeJS.WriteStream = process.stderr) {
  let bar: SingleBar | undefined;
  let work: { readonly title: string; readonly timeLeft: TimeLeft; lastLine: number } | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    /** Another title begins another bar. @param total NaN if unknown. A terminal shows only the notes that fit. */
    update(title: string, unit: Unit, done: number, total: number, ...notes: readonly string[]) {
      if (work?.title !== title) {
        stop();
        work = { title, timeLeft: leftByMeanRate(unit === 'runs' ? 1 : 0), lastLine: performance.now() };
      }
      const texts = [work.timeLeft(done, total), ...notes, amount(done, total, unit)].filter((text) => text !== '');
      if (stream.isTTY) {
        bar ??= startedBar(stream, title, texts);
        bar.setTotal(Number.isNaN(total) ? 2 * done : total);
        bar.update(done, { texts });
      } else if (unit !== 'columns' && performance.now() - work.lastLine > secondsBetweenLines * 1000) {
        stream.write(`${[title, ...texts].join('  ')}\n`);
        work.lastLine = performance.now();
      }
    },
    /** The next update begins a bar, whose mean rate is from there. */
    restart() {
      stop();
      work = undefined;
    },
    /** Writes a line in the place of the bar, without control characters. */
    line(text: string) {
      stop();
      stream.write(`${printable(text)}\n`);
    },
    stop,
  };
}

function startedBar(stream: NodeJS.WriteStream, title: string, texts: readonly string[]): SingleBar {
  const bar = new SingleBar({
    stream,
    format: (_options, { progress }, payload: { readonly texts: readonly string[] }) =>
      barLine(shortened(title, longestTitle), progress, payload.texts, stream.columns || 80),
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0, { texts });
  return bar;
}

/** An amount of work done: `12.3/456.7 MiB`, `1,000/250,000 rows`. @param total NaN if unknown. */
function amount(done: number, total: number, unit: Unit): string {
  const shown = (value: number) => {
    if (Number.isNaN(value)) return '?';
    return unit === 'bytes' ? (value / 2 ** 20).toFixed(1) : count(Math.floor(value));
  };
  return `${shown(done)}/${shown(total)} ${unit === 'bytes' ? 'MiB' : unit}`;
}

type TimeLeft = (done: number, total: number) => string;

/**
 * Time left at the mean rate since the first update, because progress may come in bursts. Empty while there is no
 * estimate.
 * @param least What must be done before: a first run starts slowly.
 */
function leftByMeanRate(least: number): TimeLeft {
  let first: { readonly done: number; readonly total: number; readonly second: number } | undefined;
  return (done, total) => {
    const second = performance.now() / 1000;
    if (!first || done < first.done || total !== first.total) first = { done, total, second };
    const [passed, advanced] = [second - first.second, done - first.done];
    const left = passed * ((total - done) / advanced);
    const isKnown = passed >= secondsBeforeGuess && advanced >= least && Number.isFinite(left);
    return isKnown ? `${duration(left)} left` : '';
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
