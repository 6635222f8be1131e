import { randomUUID } from 'node:crypto';
import type { LiveRun } from '../../comparison/stored/live-run.js';
import { type Watched, watchedFolder } from '../../comparison/stored/watched-folder.js';
import { UserError } from '../../support/errors.js';
import { printable } from '../../support/printable.js';
import { count, duration } from '../numbers.js';
import { type LiveSection, liveSections } from './live-sections.js';

/** What the page shows now. All texts are plain; only the sections are HTML. */
export interface Live {
  /** Of the sections. No other call of `livePage` gives the same. */
  readonly version: string;
  readonly running: boolean;
  readonly title: string;
  readonly name: string;
  readonly state: string;
  readonly facts: string;
  /** Null: those of this version. */
  readonly sections: readonly LiveSection[] | null;
}

/** Drawing may take at most this share of the time of one processor. */
const busyShare = 1 / 5;

/**
 * What a page about a folder shows, at each call. Nothing is read between calls. Sections are drawn again only when
 * something has changed, once for all readers, and not too often.
 * @throws ConfigError if the folder is neither a run's nor a comparison's.
 */
export function livePage(folder: string): (known: string) => Promise<Live> {
  const read = watchedFolder(folder);
  let drawn: { readonly key: string; readonly sections: readonly LiveSection[] } = { key: '', sections: [] };
  const server = randomUUID(); // a page that another server filled must not keep its sections
  let number = 0;
  let trouble: string | null = null;
  let free = 0; // the time from which on sections may be drawn again
  let drawing: Promise<void> | undefined;

  async function draw(watched: Watched, key: string): Promise<void> {
    const start = performance.now();
    try {
      drawn = { key, sections: await liveSections(watched) };
      trouble = null;
      number++;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      trouble = error.message;
    }
    const end = performance.now();
    free = end + (end - start) * (1 / busyShare - 1);
  }

  const drawnSince = (known: string): Pick<Live, 'version' | 'sections'> => {
    const version = `${server}-${number}`;
    return { version, sections: version === known ? null : drawn.sections };
  };

  return async (known) => {
    let watched: Watched;
    try {
      watched = read(Date.now() / 1000);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { ...headOf({ kind: 'gone' }, folder), state: error.message, ...drawnSince(known) };
    }
    const key = keyOf(watched);
    if (key !== drawn.key && watched.kind !== 'gone' && performance.now() >= free) {
      drawing ??= draw(watched, key).finally(() => {
        drawing = undefined;
      });
    }
    await drawing;
    const head = headOf(watched, folder);
    const facts = [head.facts, trouble ?? ''].filter((text) => text !== '').join(' ');
    return { ...head, facts, ...drawnSince(known) };
  };
}

/** Equal for what draws equal sections. */
function keyOf(watched: Watched): string {
  const of = ({ path, state, message, epochs, result }: LiveRun) => {
    const last = epochs.at(-1);
    return [path, state, message, epochs.length, last?.epoch, last?.train.loss, result !== undefined];
  };
  if (watched.kind === 'run') return JSON.stringify(of(watched.run));
  if (watched.kind !== 'comparison') return watched.kind;
  const { state, plan, comparison, runs } = watched;
  return JSON.stringify([state, plan.stage, plan.rows, comparison, [...runs.values()].map(of)]);
}

type Head = Pick<Live, 'running' | 'title' | 'name' | 'state' | 'facts'>;

function headOf(watched: Watched, folder: string): Head {
  const path = printable(folder);
  const titled = (running: boolean, name: string, short: string, state: string, facts: string): Head => ({
    ...{ running, title: `${short} · ${name}`, name, state, facts },
  });
  switch (watched.kind) {
    case 'gone':
      return titled(false, path, 'gone', `${path} is gone.`, '');
    case 'starting':
      return watched.running
        ? titled(true, path, 'starting', 'Starting: the data are read and the runs are planned.', '')
        : titled(false, path, 'not started', 'It ended before it trained anything.', '');
    case 'run':
      return headOfRun(watched, path);
    case 'comparison': {
      const { plan, runs, state, comparison } = watched;
      const all = [...runs.values()];
      const numberOf = (...states: readonly LiveRun['state'][]) =>
        all.filter((run) => states.includes(run.state)).length;
      const [done, failed, training] = [numberOf('finished'), numberOf('failed'), numberOf('running')];
      const progress = `${count(done)} of ${count(all.length)} runs${plan.stage === 'tuning' ? ' of the search' : ''} done`;
      const lead = {
        running: `Running: ${progress}${training > 0 ? `, ${training} training now` : ''}${failed > 0 ? `, ${failed} failed` : ''}.`,
        finished: `Finished: ${progress}${failed > 0 ? `, ${failed} failed` : ''}.`,
        interrupted: `Interrupted: ${progress}${failed > 0 ? `, ${failed} failed` : ''}. The same ple compare command continues.`,
      }[state];
      const table = comparison && state !== 'finished' ? [`The table covers ${comparison.seeds.length} seeds.`] : [];
      const end = state === 'finished' ? [`The report is ${path}/report.html.`] : [];
      const facts = [`In ${path}.`, ...timesText(watched), ...table, ...end].join(' ');
      return titled(state === 'running', plan.name, `${done}/${all.length}`, lead, facts);
    }
  }
}

function headOfRun(watched: Watched & { readonly kind: 'run' }, path: string): Head {
  const { run } = watched;
  const { experiment, state, message } = run;
  const last = run.epochs.at(-1)?.epoch ?? 0;
  const epochs = `epoch ${last} of at most ${experiment?.train.epochs ?? '?'} done`;
  const trained = `${run.result?.epochs ?? last} epochs`;
  const lead = {
    waiting: 'Starting.',
    running: `Running: ${epochs}.`,
    finished: `Finished after ${trained}.`,
    interrupted: `Interrupted: ${epochs}. ple train --resume ${path} continues.`,
    failed: `Failed: ${message ?? ''}`,
  }[state];
  const model = experiment ? `${experiment.model.type}, seed ${experiment.seed}.` : '';
  const end = state === 'finished' ? [`ple report ${path} writes its report.`] : [];
  const wrong = state !== 'failed' && message !== null ? [message] : [];
  const facts = [model, `In ${path}.`, ...timesText(watched), ...end, ...wrong].filter((text) => text !== '').join(' ');
  const name = experiment?.name ?? path;
  return {
    ...{ running: state === 'running', name, state: lead, facts },
    title: `${state === 'running' ? `epoch ${last}` : state} · ${name}`,
  };
}

function timesText({ elapsed, left }: { readonly elapsed: number | null; readonly left: number | null }) {
  return [
    ...(elapsed === null ? [] : [`${duration(elapsed)} of training.`]),
    ...(left === null ? [] : [`At most about ${duration(left)} left; early stopping makes it shorter.`]),
  ];
}
