import { SingleBar } from 'cli-progress';
import { amount, type Unit } from './amount.js';

export interface ProgressBar {
  /** @param total NaN while it is not known. */
  update(done: number, total: number, note?: string): void;
  /** Writes a line above the bar. */
  line(text: string): void;
  stop(): void;
}

const secondsBetweenLines = 10;

/** On stderr: a bar on a terminal, elsewhere a line every ten seconds. */
export function progressBar(title: string, unit: Unit, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  let bar: SingleBar | undefined;
  let last = performance.now();
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(done, total, note = '') {
      if (stream.isTTY) {
        if (!bar) {
          bar = new SingleBar({
            stream,
            format: `${title} {bar} {percentage} %  {amount}  {note}  {eta_formatted} left`,
            barsize: 24,
            barCompleteChar: '=',
            barIncompleteChar: ' ',
            clearOnComplete: true,
            hideCursor: true,
          });
          bar.start(1, 0, { note, amount: '' });
        }
        bar.setTotal(Number.isNaN(total) ? 2 * done : total);
        bar.update(done, { note, amount: amount(done, total, unit) });
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
