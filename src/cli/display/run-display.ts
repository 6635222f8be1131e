import type { Experiment } from '../../config/experiment.js';
import type { Engine } from '../../engine/engine.js';
import { metrics as allMetrics } from '../../metrics/catalogue.js';
import { count } from '../../report/numbers.js';
import { printable } from '../../support/text.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { RunEvent } from '../../training/run-options.js';
import { type ProgressBar, progressBar, type Unit } from './progress-bar.js';

/** Shows a run's events to the user. */
export interface Display {
  show(event: RunEvent): void;
  close(): void;
}

/** Shows progress as bars, everything else as lines. */
export function openDisplay(stream: NodeJS.WriteStream, experiment: Experiment): Display {
  const { epochs } = experiment.train;
  const types = new Map(experiment.tasks.map(({ name, type }) => [name, type]));
  let bar: ProgressBar | undefined;
  let barTitle = '';

  const line = (text: string) => {
    clear();
    stream.write(`${printable(text)}\n`);
  };
  const clear = () => bar?.stop();
  const progress = (title: string, unit: Unit, done: number, total: number, ...notes: string[]) => {
    if (title !== barTitle) {
      clear();
      bar = progressBar(title, unit, stream);
      barTitle = title;
    }
    bar?.update(done, total, ...notes);
  };

  return {
    close: clear,
    show(event) {
      if (event.kind === 'note') return line(`note: ${event.message}`);
      if ('done' in event)
        return progress(event.kind, event.kind === 'reading' ? 'bytes' : 'columns', event.done, event.total);
      if (event.kind === 'start') {
        const { dataset, engine } = event.setup;
        const rows = `${count(dataset.splits.train.rows)} training rows`;
        const from = event.resumedAt === null ? '' : `, resumed in epoch ${event.resumedAt}`;
        return line(
          `${event.path}: ${experiment.model.type}, ${rows}, ${engine.name} engine on ${deviceText(engine)}${from}`,
        );
      }
      const { record } = event;
      if (record.kind === 'step') {
        const { epoch, step, steps, meanLoss, samplesPerSecond } = record;
        const notes = [`loss ${meanLoss.toFixed(4)}`, `${count(samplesPerSecond)} samples/s`];
        return progress(`epoch ${epoch}/${epochs}`, 'steps', step, steps, ...notes);
      }
      if (record.kind === 'rows') return progress(record.split, 'rows', record.rows, record.of);
      if (record.kind === 'epoch')
        line(describe(record.record, record.bestOf) + (record.stopped ? '  stopped by patience' : ''));
    },
  };

  function deviceText({ device, deviceId }: Engine): string {
    if (device === 'cpu' && experiment.engine.device === 'auto')
      return 'cpu, as auto found no usable GPU (see ple doctor)';
    return deviceId === undefined ? device : `${device} ${deviceId}`;
  }

  function describe({ epoch, train, validation, seconds }: EpochRecord, bestOf: readonly string[]): string {
    const scores = Object.entries(validation).map(([task, metrics]) => {
      const label = allMetrics.all.find(({ type, score }) => score && type === types.get(task))?.name ?? '';
      const value = metrics[label];
      return `${task} ${label} ${typeof value === 'number' ? value.toFixed(4) : '-'}`;
    });
    const parts = [`epoch ${epoch}/${epochs}`, `loss ${train.loss.toFixed(4)}`, ...scores, `${seconds.toFixed(1)} s`];
    const best = bestOf.length < types.size ? `best of ${bestOf.join(', ')}` : 'best';
    return [...parts, ...(bestOf.length > 0 ? [best] : [])].join('  ');
  }
}
