import type { Experiment } from '../../config/experiment.js';
import type { Engine } from '../../engine/engine.js';
import { metrics as allMetrics } from '../../metrics/catalogue.js';
import { count } from '../../report/numbers.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import type { RunEvent } from '../../training/run-options.js';
import type { TrainingRecord } from '../../training/trainer.js';
import { type ProgressBars, progressBars } from './progress-bar.js';

/** Shows a run's events to the user. */
export interface Display {
  show(event: RunEvent): void;
  close(): void;
}

/** Shows progress as bars, everything else as lines. */
export function openDisplay(stream: NodeJS.WriteStream, experiment: Experiment): Display {
  const bars = progressBars(stream);
  return { show: (event) => showEvent(bars, experiment, event), close: bars.stop };
}

function showEvent(bars: ProgressBars, experiment: Experiment, event: RunEvent): void {
  if (event.kind === 'note') bars.line(`note: ${event.message}`);
  else if (event.kind === 'start') bars.line(startText(event, experiment));
  else if (event.kind === 'training') showRecord(bars, experiment, event.record);
  else bars.update(event.kind, event.kind === 'reading' ? 'bytes' : 'columns', event.done, event.total);
}

function showRecord(bars: ProgressBars, experiment: Experiment, record: TrainingRecord): void {
  if (record.kind === 'step') {
    const { epoch, step, steps, meanLoss, samplesPerSecond } = record;
    const notes = [`loss ${meanLoss.toFixed(4)}`, `${count(samplesPerSecond)} samples/s`];
    bars.update(`epoch ${epoch}/${experiment.train.epochs}`, 'steps', step, steps, ...notes);
  } else if (record.kind === 'rows') bars.update(record.split, 'rows', record.rows, record.of);
  else if (record.kind === 'epoch')
    bars.line(epochText(record.record, record.bestOf, experiment) + (record.stopped ? '  stopped by patience' : ''));
}

function startText(
  { path, setup: { dataset, engine }, resumedAt }: RunEvent & { readonly kind: 'start' },
  experiment: Experiment,
): string {
  const rows = `${count(dataset.splits.train.rows)} training rows`;
  const from = resumedAt === null ? '' : `, resumed in epoch ${resumedAt}`;
  return `${path}: ${experiment.model.type}, ${rows}, ${engine.name} engine on ${deviceText(engine, experiment)}${from}`;
}

function deviceText({ device, deviceId }: Engine, experiment: Experiment): string {
  if (device === 'cpu' && experiment.engine.device === 'auto')
    return 'cpu, as auto found no usable GPU (see ple doctor)';
  return deviceId === undefined ? device : `${device} ${deviceId}`;
}

/** @param bestOf the tasks whose best epoch it is */
function epochText(
  { epoch, train, validation, seconds }: EpochRecord,
  bestOf: readonly string[],
  { tasks, train: { epochs } }: Experiment,
): string {
  const scores = Object.entries(validation).map(([task, metrics]) => {
    const type = tasks.find(({ name }) => name === task)?.type;
    const label = allMetrics.all.find((metric) => metric.score && metric.type === type)?.name ?? '';
    const value = metrics[label];
    return `${task} ${label} ${typeof value === 'number' ? value.toFixed(4) : '-'}`;
  });
  const best = bestOf.length < tasks.length ? `best of ${bestOf.join(', ')}` : 'best';
  return [
    ...[`epoch ${epoch}/${epochs}`, `loss ${train.loss.toFixed(4)}`, ...scores, `${seconds.toFixed(1)} s`],
    ...(bestOf.length > 0 ? [best] : []),
  ].join('  ');
}
