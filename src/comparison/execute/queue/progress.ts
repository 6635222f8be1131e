import type { Job } from 'bullmq';
import type { Report } from '../messages.js';
import type { Progress } from './messages.js';

/** Sends the planner how far a run is, at most once a second. The run does not wait for it. */
export interface ProgressSender {
  add(report: Report): void;
  /** Sends the rest. */
  end(): Promise<void>;
}

const milliseconds = 1000;

export function sendProgress(job: Job, worker: string): ProgressSender {
  let state: Progress = { worker, notes: [] };
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  const send = () => {
    timer = undefined;
    // It fails if the job was removed, or Redis is away when this process ends: the run goes on.
    sending = sending.then(() => job.updateProgress(state)).catch(() => undefined);
  };
  return {
    add(report) {
      if (report.kind === 'note') {
        const note = { message: report.message.slice(0, 10_000), ofRun: report.ofRun ?? false };
        state = { ...state, notes: [...state.notes, note].slice(0, 100) };
      } else if (report.kind === 'start') state = { ...state, resumedAt: report.resumedAt };
      else if (report.kind === 'step') {
        const { kind: _, ...step } = report;
        state = { ...state, step };
      } else return;
      timer ??= setTimeout(send, milliseconds);
    },
    async end() {
      clearTimeout(timer);
      if (timer !== undefined) send();
      await sending;
    },
  };
}
