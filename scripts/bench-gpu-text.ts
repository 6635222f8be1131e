import type { Candidate, Finding } from '../src/engine/devices/device.js';
import { count, dash, fixed, listed } from '../src/report/numbers.js';
import { textTable } from '../src/report/text-table.js';
import type { BenchCaseName } from './bench-case.js';
import { patience, type StepTiming } from './step-timing.js';

/** A case on a device. */
export interface Measured {
  readonly name: BenchCaseName;
  readonly batchSize: number;
  readonly timing: StepTiming | null;
  /** Of the time that counts, the part in which the device computed; null: not known. */
  readonly busyShare: number | null;
  /** It was not tried. */
  readonly left: boolean;
  /** Why there is no timing. */
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

/** Columns without a value in any row are left out. */
const columns: readonly { readonly head: string; cell(timing: StepTiming, measured: Measured): string }[] = [
  { head: 'samples/s', cell: ({ stepMilliseconds }, { batchSize }) => count((1000 * batchSize) / stepMilliseconds) },
  { head: 'steps/s', cell: ({ stepMilliseconds }) => (1000 / stepMilliseconds).toPrecision(3) },
  { head: 'ms a step', cell: ({ stepMilliseconds }) => short(stepMilliseconds) },
  {
    head: 'GFLOP/s',
    cell: (timing) => (timing.flops === null ? dash : short(timing.flops / timing.stepMilliseconds / 1e6)),
  },
  { head: 'busy', cell: (_, { busyShare }) => (busyShare === null ? dash : `${fixed(100 * busyShare, 0)} %`) },
  { head: 'steps timed', cell: ({ steps }) => count(steps) },
  { head: 'a chunk', cell: ({ chunkSteps }) => count(chunkSteps) },
  { head: 'copies: ms a chunk', cell: ({ transfers }) => (transfers ? short(transfers.chunkMilliseconds) : dash) },
  { head: 'share', cell: ({ transfers }) => (transfers ? `${fixed(100 * transfers.share, 2)} %` : dash) },
  { head: 'kB a step to it', cell: ({ transfers }) => kilobytes(transfers?.toDeviceBytes) },
  { head: 'and back', cell: ({ transfers }) => kilobytes(transfers?.fromDeviceBytes) },
  { head: 'of that batch', cell: ({ transfers, batchBytes }) => (transfers ? kilobytes(batchBytes) : dash) },
  { head: 'state, kB', cell: ({ transfers, stateBytes }) => (transfers ? kilobytes(stateBytes) : dash) },
];

export function casesText(candidate: Candidate, cases: readonly Measured[]): string {
  const timed = cases.flatMap((measured) => (measured.timing ? [{ ...measured, timing: measured.timing }] : []));
  const shown = columns.filter(({ cell }) => timed.some((measured) => cell(measured.timing, measured) !== dash));
  const rows = timed.map((measured) => [
    `${measured.name}${measured.timing.once ? ' (once)' : ''}`,
    ...shown.map(({ cell }) => cell(measured.timing, measured)),
  ]);
  const heads = ['case', ...shown.map(({ head }) => head)];
  const right = heads.map((_, column) => column > 0);
  const failures = cases.flatMap(({ name, left, failure }) =>
    failure === null ? [] : [`${name} ${left ? 'was left out' : 'failed'}: ${failure}.`],
  );
  const table = timed.length > 0 ? textTable(heads, rows, right) : '';
  const lines = [...failures, ...(timed.length > 0 ? notes(candidate, timed) : []), ''];
  return table + lines.map((line) => `${line}\n`).join('');
}

function short(value: number): string {
  return value < 1000 ? value.toPrecision(3) : count(value);
}

function kilobytes(bytes: number | undefined): string {
  return bytes === undefined ? dash : short(bytes / 1000);
}

function notes(candidate: Candidate, cases: readonly (Measured & { readonly timing: StepTiming })[]): string[] {
  const once = cases.filter(({ timing }) => timing.once).map(({ name }) => name);
  const shares = cases.flatMap(({ name, timing: { transfers } }) =>
    transfers ? [{ name, share: transfers.share }] : [],
  );
  const above = shares
    .filter(({ share }) => share >= aim)
    .map(({ name, share }) => `${name} ${fixed(100 * share, 1)} %`);
  const percent = `${100 * aim} % of the time`;
  return [
    ...(once.length > 0
      ? [
          `${listed(once)}: the first step, which also allocates and builds, took more than ${patience} times --seconds; there was no other.`,
        ]
      : []),
    placeOfState(candidate),
    ...(shares.length === 0
      ? []
      : [
          above.length === 0
            ? `Copies, estimated from timed ones, take less than ${percent}.`
            : `Copies, estimated from timed ones, take ${percent} or more: ${listed(above)}.`,
        ]),
    cases.some(({ busyShare }) => busyShare !== null)
      ? 'Busy is the part of the time in which a kernel ran, by nvidia-smi.'
      : 'How busy the device was is not known: only nvidia-smi tells.',
  ];
}

function placeOfState({ engine, device }: Candidate): string {
  if (device === 'cpu') return 'Nothing is copied: host and device are one.';
  if (engine === 'tfjs') return 'The state stays on the device; what is copied is not counted.';
  return device === 'webgpu'
    ? 'The state stays on the device from step to step and from chunk to chunk; batches go to it, losses come back.'
    : 'The state stays on the device within a chunk; with each chunk it goes there and comes back.';
}
