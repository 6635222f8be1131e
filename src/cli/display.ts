import { SingleBar } from 'cli-progress';
import type { Experiment } from '../config/experiment.js';
import type { Engine } from '../engine/engine.js';
import { metrics as allMetrics } from '../metrics/catalogue.js';
import { count } from '../report/numbers.js';
import { printable } from '../support/printable.js';
import type { RunEvent } from '../training/run.js';
import type { EpochRecord } from '../training/trainer.js';
import { amount, type Unit } from './amount.js';

/** Shows a run's events to a person. */
export interface Display {
  show(event: RunEvent): void;
  close(): void;
}

const secondsBetweenLines = 10;

/** A bar on a terminal, plain lines elsewhere. */
export function openDisplay(stream: NodeJS.WriteStream, experiment: Experiment): Display {
  const { epochs } = experiment.train;
  const types = new Map(experiment.tasks.map(({ name, type }) => [name, type]));
  let bar: SingleBar | undefined;
  let barTitle = '';
  let lastLine = performance.now();

  const line = (text: string) => {
    clear();
    stream.write(`${printable(text)}\n`);
    lastLine = performance.now();
  };
  const clear = () => {
    bar?.stop();
    bar = undefined;
    barTitle = '';
  };
  const progress = (title: string, done: number, total: number, note: string, unit?: Unit) => {
    if (!stream.isTTY) {
      if (performance.now() - lastLine > secondsBetweenLines * 1000)
        line(`${title}  ${unit ? amount(done, total, unit) : `${done}/${total}`}  ${note}`.trimEnd());
      return;
    }
    if (title !== barTitle) {
      clear();
      bar = new SingleBar({
        stream,
        format: '{title} {bar} {percentage} %  {note}  {eta_formatted} left',
        barsize: 24,
        barCompleteChar: '=',
        barIncompleteChar: ' ',
        clearOnComplete: true,
        hideCursor: true,
      });
      bar.start(total, done, { title, note });
      barTitle = title;
    }
    bar?.update(done, { title, note });
  };

  return {
    close: clear,
    show(event) {
      if (event.kind === 'note') return line(`note: ${event.message}`);
      if (event.kind === 'reading') return progress('reading', event.done, event.total, '', 'bytes');
      if (event.kind === 'start') {
        const { dataset, engine } = event.setup;
        const rows = `${count(dataset.splits.train.rows)} training rows`;
        const from = event.resumedAt === null ? '' : `, resumed in epoch ${event.resumedAt}`;
        return line(
          `${event.path}: ${experiment.model.type}, ${rows}, ${engine.name} engine on ${deviceOf(engine)}${from}`,
        );
      }
      const { record } = event;
      if (record.kind === 'step') {
        const { epoch, step, steps, meanLoss, samplesPerSecond } = record;
        const note = `loss ${meanLoss.toFixed(4)}  ${count(samplesPerSecond)} samples/s`;
        return progress(`epoch ${epoch}/${epochs}`, step, steps, note);
      }
      if (record.kind === 'rows') return progress(record.split, record.rows, record.of, '', 'rows');
      if (record.kind === 'epoch')
        line(describe(record.record, record.improved) + (record.stopped ? '  stopped early' : ''));
    },
  };

  function deviceOf({ device, deviceId }: Engine): string {
    if (device === 'cpu' && experiment.engine.device === 'auto')
      return 'cpu, as auto found no usable GPU (see ple doctor)';
    return deviceId === undefined ? device : `${device} ${deviceId}`;
  }

  function describe({ epoch, train, validation, seconds }: EpochRecord, improved: boolean): string {
    const scores = Object.entries(validation).map(([task, metrics]) => {
      const label = allMetrics.all.find(({ type, score }) => score && type === types.get(task))?.name ?? '';
      const value = metrics[label];
      return `${task} ${label} ${typeof value === 'number' ? value.toFixed(4) : '-'}`;
    });
    const parts = [`epoch ${epoch}/${epochs}`, `loss ${train.loss.toFixed(4)}`, ...scores, `${seconds.toFixed(1)} s`];
    return parts.join('  ') + (improved ? '  best' : '');
  }
}
