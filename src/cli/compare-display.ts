import type { JobEvent } from '../comparison/jobs.js';
import type { PlacedRun } from '../comparison/placed-runs.js';
import type { ComparisonEvent } from '../comparison/run-comparison.js';
import type { ComparisonConfig } from '../config/comparison.js';

export interface ComparisonDisplay {
  show(event: ComparisonEvent): void;
  close(): void;
}

/** Shows a comparison's runs to a person. */
export function openComparisonDisplay(stream: NodeJS.WriteStream, _config: ComparisonConfig): ComparisonDisplay {
  let [done, of] = [0, 0];
  const said = new Set<string>();
  const line = (text: string) => stream.write(`${text}\n`);
  const note = (message: string) => {
    if (said.has(message)) return;
    said.add(message);
    line(`note: ${message}`);
  };
  return {
    close: () => undefined,
    show(event) {
      if (event.kind === 'note') return note(event.message);
      if (event.kind === 'planned') {
        [done, of] = [event.finished, event.runs];
        const finished = event.finished > 0 ? `, ${event.finished} of them finished already` : '';
        return void line(`${of} runs${finished}; ${event.jobs} at a time, ${event.threads} threads each`);
      }
      if (event.kind === 'job') ofJob(event.run, event.event);
    },
  };

  function ofJob(run: PlacedRun, event: JobEvent): void {
    if (event.kind === 'report' && event.report.kind === 'note') note(event.report.message);
    if (event.kind === 'started again') line(`${nameOf(run)} is started again: ${event.reason}`);
    if (event.kind !== 'ended' || event.outcome.status === 'interrupted') return;
    done += 1;
    const what = event.outcome.status === 'failed' ? `failed: ${event.outcome.message}` : '';
    line(`${done}/${of} ${nameOf(run)}  ${what}`.trimEnd());
  }
}

function nameOf({ label, point, seed }: PlacedRun): string {
  const values = Object.entries({ ...point, seed }).map(
    ([key, value]) => `${key.split('.').at(-1)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [label, ...values].join(' ');
}
