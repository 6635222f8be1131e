import type { Job } from 'bullmq';
import type { Report } from '../messages.js';
import type { Telling } from './messages.js';

/** What a run reports, sent to the planner at most once a second. A run does not wait for it. */
export interface Teller {
  tell(report: Report): void;
  note(message: string): void;
  /** Sends the rest. */
  end(): Promise<void>;
}

const milliseconds = 1000;
/** In one message; the display needs the last ones, and the result brings all. */
const mostLines = 500;

export function createTeller(job: Job, from: Pick<Telling, 'worker' | 'shared'>): Teller {
  let next: Omit<Telling, 'worker' | 'shared'> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    const telling = next;
    next = undefined;
    if (!telling) return;
    // It fails if the job was removed, or Redis is away when this process ends: the run goes on.
    sending = sending.then(() => job.updateProgress({ ...from, ...telling })).catch(() => undefined);
  };
  const add = (news: Partial<Telling>) => {
    const { epochs = [], notes = [] } = next ?? {};
    next = {
      ...next,
      ...news,
      epochs: [...epochs, ...(news.epochs ?? [])].slice(-mostLines),
      notes: [...notes, ...(news.notes ?? [])].slice(0, 100),
    };
    timer ??= setTimeout(send, milliseconds);
  };
  const note = (message: string, ofRun = false) => add({ notes: [{ message: message.slice(0, 10_000), ofRun }] });
  return {
    note,
    tell(report) {
      if (report.kind === 'note') note(report.message, report.ofRun);
      if (report.kind === 'start') add({ resumedAt: report.resumedAt });
      if (report.kind === 'epoch') add({ epochs: [{ ...report.record }] });
      if (report.kind !== 'step') return;
      const { kind: _, ...step } = report;
      add({ step });
    },
    async end() {
      send();
      await sending;
    },
  };
}
