import { SingleBar } from 'cli-progress';
import { amount, type Unit } from './amount.js';
import { duration } from './duration.js';

export interface ProgressBar {
  /** @param total NaN while it is not known. */
  update(done: number, total: number, note?: string): void;
  /** Writes a line above the bar. */
  line(text: string): void;
  stop(): void;
}

const secondsBetweenLines = 10;
/** A guess from less is none. */
const secondsBeforeGuess = 2;

/** On stderr: a bar on a terminal, elsewhere a line every ten seconds. */
export function progressBar(title: string, unit: Unit, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  let bar: SingleBar | undefined;
  let last = performance.now();
  const timeLeft = leftByMeanRate();
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(done, total, note = '') {
      if (stream.isTTY) {
        const values = { note, amount: amount(done, total, unit), left: timeLeft(done, total) };
        if (!bar) {
          bar = new SingleBar({
            stream,
            format: `${title} {bar} {percentage} %  {amount}  {left}  {note}`,
            barsize: 24,
            barCompleteChar: '=',
            barIncompleteChar: ' ',
            clearOnComplete: true,
            hideCursor: true,
          });
          bar.start(1, 0, values);
        }
        bar.setTotal(Number.isNaN(total) ? 2 * done : total);
        bar.update(done, values);
      } else if (performance.now() - last > secondsBetweenLines * 1000) {
        stream.write(`${title}  ${amount(done, total, unit)}  ${note}`.trimEnd().concat('\n'));
        last = performance.now();
      }
    },
    line(text) {
      stop();
      stream.write(`${text}\n`);
    },
    stop,
  };
}

/** By the mean rate since the first update: what comes in bursts has no other. Empty while that says nothing. */
function leftByMeanRate(): (done: number, total: number) => string {
  let first: { readonly done: number; readonly total: number; readonly at: number } | undefined;
  return (done, total) => {
    const now = performance.now() / 1000;
    if (!first || done < first.done || total !== first.total) first = { done, total, at: now };
    const seconds = (now - first.at) * ((total - done) / (done - first.done));
    return now - first.at >= secondsBeforeGuess && Number.isFinite(seconds) ? `${duration(seconds)} left` : '';
  };
}
