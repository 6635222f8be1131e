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

export function sendProgress(job: Job): ProgressSender {
  let reports: Progress = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  const send = () => {
    timer = undefined;
    // It fails if the job was removed, or Redis is away when this process ends: the run goes on.
    sending = sending.then(() => job.updateProgress(reports)).catch(() => undefined);
  };
  return {
    add(report) {
      if (report.kind === 'reading' || report.kind === 'epoch') return;
      const added = report.kind === 'note' ? { ...report, message: report.message.slice(0, 10_000) } : report;
      reports = [...reports.filter(({ kind }) => kind !== 'step').slice(0, 98), added];
      timer ??= setTimeout(send, milliseconds);
    },
    async end() {
      clearTimeout(timer);
      if (timer !== undefined) send();
      await sending;
    },
  };
}
