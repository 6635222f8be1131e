import { MultiBar, type SingleBar } from 'cli-progress';
import stringWidth from 'string-width';
import { shortened, wrapped } from '../../report/text-table.js';
import { barLine, columnsOf } from './bar-line.js';

/** A bar for all runs, and a line for each run that trains. */
export interface CompareBars {
  total(done: number, of: number, left: string): void;
  /** Updates the line of a place, from 0. */
  job(place: number, name: string, fraction: number, notes: readonly string[]): void;
  idle(place: number): void;
  /** Prints lines above the bars. */
  log(text: string): void;
  close(): void;
}

interface Payload {
  readonly name: string;
  readonly notes: readonly string[];
}

const idle: Payload = { name: '-', notes: [] };
/** Columns of a line for notes. Name and bar share the rest. */
const columnsOfNotes = 44;
const widest = 100;
const clearToEndOfLine = '\u001b[K';

/**
 * Use it only for terminals; elsewhere it would print garbage. It shows as many places as the terminal has lines for.
 */
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
    linewrap: true, // wraps the lines above the bars; the bars are cut
    forceRedraw: true, // an unchanged line may have moved
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
      bars.log(lines.join('').replaceAll('\n', `${clearToEndOfLine}\n`)); // they overwrite the bars
    },
    close() {
      bars.update(); // prints the last lines above the bars
      bars.stop();
    },
  };
}

/** Pads or cuts a name to the common width. A long name keeps its beginning, and its end with the seed. */
function pad(name: string, columns: number): string {
  const text = shortened(name, columns);
  return `${text}${' '.repeat(columns - stringWidth(text))}`;
}
