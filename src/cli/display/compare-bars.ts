import { MultiBar, type SingleBar } from 'cli-progress';
import stringWidth from 'string-width';
import { shortened, wrapped } from '../../report/text-table.js';
import { barLine, columnsOf } from './bar-line.js';

/** A bar for all runs and a line for each that trains. */
export interface CompareBars {
  total(done: number, of: number, left: string): void;
  /** The line of a place, from 0. */
  job(place: number, name: string, fraction: number, notes: readonly string[]): void;
  idle(place: number): void;
  /** Lines above the bars. */
  log(text: string): void;
  close(): void;
}

interface Payload {
  readonly name: string;
  readonly notes: readonly string[];
}

const idle: Payload = { name: '-', notes: [] };
/** Of a line; name and bar share what is left. */
const columnsOfNotes = 44;
const widest = 100;
const clearToEndOfLine = '\u001b[K';

/** For a terminal only: elsewhere it would print garbage. As many places are shown as the terminal has lines for. */
export function openCompareBars(stream: NodeJS.WriteStream, title: string, jobs: number, runs: number): CompareBars {
  const bars = new MultiBar({
    stream,
    format: (_options, { progress }, payload: Payload) => {
      if (payload.name === idle.name) return payload.name;
      const columns = columnsOf(stream);
      const free = Math.max(12, Math.min(columns, widest) - columnsOfNotes);
      const bar = Math.floor(free / 3);
      return barLine(pad(payload.name, free - bar), progress, payload.notes, { columns, bar });
    },
    clearOnComplete: true,
    hideCursor: true,
    linewrap: true, // of lines above the bars; the bars are cut
    forceRedraw: true, // a line that has not changed may have moved
    gracefulExit: false, // an interrupted comparison continues until its checkpoints are written
    fps: 5,
  });
  const create = (total: number, payload: Payload) => bars.create(total, 0, payload);
  const total = create(runs, { name: title, notes: [] });
  const shown = Math.min(jobs, Math.max(1, (stream.rows || 24) - 2));
  const places: SingleBar[] = Array.from({ length: shown }, () => create(1, { ...idle }));
  return {
    total: (done, of, left) => total.update(done, { name: title, notes: [`${Math.floor(done)}/${of}`, left] }),
    job: (place, name, fraction, notes) => places[place]?.update(fraction, { name, notes }),
    idle: (place) => places[place]?.update(0, idle),
    log(text) {
      const lines = text.split('\n').map((line) => wrapped(line, columnsOf(stream) - 1, '', '  '));
      bars.log(lines.join('').replaceAll('\n', `${clearToEndOfLine}\n`)); // they are written over the bars
    },
    close() {
      bars.update(); // prints the last lines above the bars
      bars.stop();
    },
  };
}

/** As wide as all others; of a longer name the beginning, and the end with its seed. */
function pad(name: string, columns: number): string {
  const text = shortened(name, columns);
  return `${text}${' '.repeat(columns - stringWidth(text))}`;
}
