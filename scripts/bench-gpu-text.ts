import type { Candidate, Finding } from '../src/engine/devices/device.js';
import { count, dash, fixed, listed } from '../src/report/numbers.js';
import { textTable } from '../src/report/text-table.js';
import type { BenchCaseName } from './bench-case.js';
import type { StepTiming } from './step-timing.js';

/** A case on a device; `failure` says why there is no timing. */
export interface Measured {
  readonly name: BenchCaseName;
  readonly batchSize: number;
  readonly timing: StepTiming | null;
  /** Of the time that counts, the part in which the device computed; null: not known. */
  readonly busyShare: number | null;
  readonly failure: string | null;
}

/** What copies may take of a chunk's time. */
const aim = 0.05;

/** A device and its hardware, or why nothing is measured on it. */
export function deviceText(name: string, finding: Finding, left: boolean): string {
  if (!finding.usable) return `${name}: not measured: ${finding.reason}.\n\n`;
  const { adapter, driver } = finding;
  const on = [adapter ?? 'adapter not known', ...(driver === null ? [] : [`driver ${driver}`])].join(', ');
  if (left) return `${name}: not measured: ${on} is a software adapter (--device webgpu measures it).\n\n`;
  return `${name}: ${on}${finding.software ? ', a software adapter' : ''}\n`;
}

export function casesText({ engine, device }: Candidate, cases: readonly Measured[]): string {
  const head = ['case', 'samples/s', 'steps/s', 'ms a step', 'GFLOP/s', 'steps a chunk', 'busy', 'copies'];
  const details = ['MB there', 'MB back', 'MB of batches', 'MB of state'];
  const rows = cases.map(({ name, batchSize, timing, busyShare }) => {
    if (!timing) return [name, ...Array.from({ length: head.length + details.length - 1 }, () => dash)];
    const { stepMilliseconds: milliseconds, flops, chunkSteps, transfers, batchBytes, stateBytes } = timing;
    return [
      `${name}${timing.once ? ' (one step)' : ''}`,
      count((1000 * batchSize) / milliseconds),
      (1000 / milliseconds).toPrecision(3),
      milliseconds.toPrecision(3),
      flops === null ? dash : fixed(flops / milliseconds / 1e6, 1),
      count(chunkSteps),
      busyShare === null ? dash : `${fixed(100 * busyShare, 0)} %`,
      transfers ? `${transfers.milliseconds.toPrecision(2)} ms, ${fixed(100 * transfers.share, 1)} %` : dash,
      ...[transfers?.toDeviceBytes, transfers?.fromDeviceBytes, chunkSteps * batchBytes, stateBytes].map((bytes) =>
        bytes === undefined ? dash : fixed(bytes / 1e6, 2),
      ),
    ];
  });
  const right = [false, ...Array.from({ length: head.length + details.length - 1 }, () => true)];
  const failures = cases.flatMap(({ name, failure }) => (failure === null ? [] : [`${name} failed: ${failure}.\n`]));
  return [textTable([...head, ...details], rows, right), ...failures, ...notes(engine, device, cases), '\n'].join('');
}

function notes(engine: Candidate['engine'], device: Candidate['device'], cases: readonly Measured[]): string[] {
  const timings = cases.flatMap(({ name, timing }) => (timing ? [{ name, timing }] : []));
  if (timings.length === 0) return [];
  const once = timings.filter(({ timing }) => timing.once).map(({ name }) => name);
  const copies = timings.flatMap(({ name, timing: { transfers } }) => (transfers ? [{ name, ...transfers }] : []));
  const above = copies
    .filter(({ share }) => share >= aim)
    .map(({ name, share }) => `${name} ${fixed(100 * share, 1)} %`);
  return [
    once.length > 0
      ? `${listed(once)}: a step takes longer than --seconds; it is the first one, which also builds and allocates, timed once.\n`
      : '',
    device === 'cpu'
      ? 'Nothing is copied: the state lies in memory.\n'
      : engine === 'tfjs'
        ? 'The state stays on the device; what is copied is not known.\n'
        : device === 'webgpu'
          ? 'The state stays on the device, within a chunk and from chunk to chunk; batches go there, losses come back.\n'
          : 'The state stays on the device within a chunk; it goes there and comes back with each chunk.\n',
    copies.length === 0
      ? ''
      : `Copies (estimated from timed ones) take ${above.length === 0 ? 'less than' : 'NOT less than'} ${100 * aim} % of the time${above.length === 0 ? '' : `: ${listed(above)}`}.\n`,
    cases.every(({ busyShare }) => busyShare === null)
      ? 'How busy the device is, is not known: only nvidia-smi tells.\n'
      : 'Busy: the part of the time in which a kernel ran, by nvidia-smi.\n',
  ];
}
