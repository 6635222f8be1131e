import { MultiBar, type SingleBar } from 'cli-progress';

/** A bar for all runs and a line for each that trains. */
export interface CompareBars {
  total(done: number, of: number, left: string): void;
  /** The line of a place, from 0. */
  job(place: number, name: string, fraction: number, note: string): void;
  idle(place: number): void;
  /** A line above the bars. */
  log(text: string): void;
  close(): void;
}

/** For a terminal only: elsewhere it would print garbage. */
export function openCompareBars(stream: NodeJS.WriteStream, jobs: number, runs: number): CompareBars {
  const bars = new MultiBar({
    stream,
    format: '{name} {bar} {percentage} %  {note}',
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    hideCursor: true,
    linewrap: true, // cut at the terminal's width
    gracefulExit: false, // an interrupted comparison goes on until its checkpoints are written
    fps: 5,
  });
  const total = bars.create(runs, 0, { name: pad('all runs'), note: '' });
  const places: SingleBar[] = Array.from({ length: jobs }, () => bars.create(1, 0, { name: pad('-'), note: '' }));
  return {
    total: (done, of, left) => total.update(done, { name: pad('all runs'), note: `${Math.floor(done)}/${of}${left}` }),
    job: (place, name, fraction, note) => places[place]?.update(fraction, { name: pad(name), note }),
    idle: (place) => places[place]?.update(0, { name: pad('-'), note: '' }),
    log: (text) => bars.log(`${text}\n`),
    close() {
      bars.update(); // prints the last lines above the bars
      bars.stop();
    },
  };
}

/** As wide as all others; of a longer name the beginning, and the end with its seed. */
function pad(name: string): string {
  return name.length <= 32 ? name.padEnd(32) : `${name.slice(0, 15)}…${name.slice(-16)}`;
}
