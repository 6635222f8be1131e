import { Command } from '@commander-js/extra-typings';
import type { Inspection } from '../engine/devices/choose-device.js';
import { type Candidate, deviceName, type Finding } from '../engine/devices/device.js';
import type { Machine } from '../engine/devices/machine.js';
import type { Surveyed } from '../engine/devices/survey.js';
import { exitCode } from '../support/errors.js';
import { printable } from '../support/printable.js';
import { counted } from '../support/whole-number.js';
import { defineCommand, examples } from './command.js';

/** The default folder of prepared data. */
const cacheFolder = 'datasets/cache';
const secondsUntilProgress = 1;

const words = () =>
  new Command('doctor')
    .description('Show usable devices; for the others, the cause and the fix.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('ple doctor', 'ple doctor --json'));

/**
 * Prints facts about the machine, and for every engine and device whether it can train, and if not, why. Fails if none
 * can.
 */
export const doctor = defineCommand(words, async ({ json }) => {
  const { inspectMachine: lookAtMachine } = await import('../engine/devices/choose-device.js');
  return examine(lookAtMachine(), json ?? false);
});

export async function examine(look: Inspection, json: boolean): Promise<number> {
  const [{ describeMachine }, { survey }] = await Promise.all([
    import('../engine/devices/machine.js'),
    import('../engine/devices/survey.js'),
  ]);
  const machine = await describeMachine(['.', cacheFolder]);
  let timer: NodeJS.Timeout | undefined;
  const { devices, auto } = await survey(look, (candidate) => {
    clearTimeout(timer);
    timer = setTimeout(
      () => process.stderr.write(`Trying ${candidateTitle(candidate)}…\n`),
      1000 * secondsUntilProgress,
    );
  }).finally(() => clearTimeout(timer));
  if (json) {
    const found = devices.map(({ candidate, finding }) => ({ ...candidate, ...finding }));
    const taken = auto && { ...auto.chosen.candidate, why: auto.chosen.why };
    process.stdout.write(`${JSON.stringify({ schema: 1, ...machine, devices: found, auto: taken }, null, 2)}\n`);
  } else {
    process.stdout.write(`${machineText(machine)}\n${await devicesText(devices)}`);
    const end = auto ? `engine.device=auto takes ${deviceName(auto.chosen.candidate)}.` : 'Nothing can train here.';
    process.stdout.write(`\n${end}\n`);
  }
  return auto ? exitCode.done : exitCode.failed;
}

function candidateTitle(candidate: Candidate): string {
  const library = candidate.pureJs ? 'plain JavaScript' : 'TensorFlow';
  return `${deviceName(candidate)}${candidate.engine === 'tfjs' && candidate.device === 'cpu' ? ` (${library})` : ''}`;
}

function machineText({ node, platform, cpu, memory, disks }: Machine): string {
  const lines = [
    ['Node', `${node}, ${platform}`],
    ['CPU', [cpu.model ?? 'model not known', counted(cpu.cores, 'core')].join(', ')],
    ['memory', `${gigabytes(memory.totalBytes)}, ${gigabytes(memory.freeBytes)} free`],
    ['disk', disks.map(({ folder, freeBytes }) => `${gigabytes(freeBytes)} free in ${folder}`).join(', ')],
  ];
  return lines.map(([name = '', value]) => `${name.padEnd(8)}${value}\n`).join('');
}

function gigabytes(bytes: number | null): string {
  return bytes === null ? '?' : `${(bytes / 1e9).toFixed(1)} GB`;
}

async function devicesText(devices: readonly Surveyed[]): Promise<string> {
  const [{ textTable }, { dash }] = await Promise.all([
    import('../report/text-table.js'),
    import('../report/numbers.js'),
  ]);
  const rows = devices.map(({ candidate, finding }) => [
    candidateTitle(candidate),
    ...(finding.usable
      ? ['yes', finding.smoke.stepMilliseconds.toPrecision(2), finding.smoke.largestDifference.toExponential(1)]
      : ['no', dash, dash]),
    finding.usable ? `${adapterText(finding)}${candidate.pureJs ? ', for checks only' : ''}` : '',
  ]);
  const head = ['engine and device', 'usable', 'ms a step', 'difference', 'on'];
  const refused = devices.flatMap(({ candidate, finding }) =>
    finding.usable
      ? []
      : [`${candidateTitle(candidate)}: ${printable(finding.reason)}.\n  To fix it: ${finding.mend}\n`],
  );
  return (
    textTable(head, rows, [false, false, true, true, false]) +
    'Steps are of a small model. The difference is the largest from the same steps in plain JavaScript.\n' +
    (refused.length > 0 ? `\n${refused.join('')}docs/gpu.md has the CUDA that each engine needs.\n` : '')
  );
}

function adapterText({ adapter, driver, memoryBytes, software }: Finding & { readonly usable: true }): string {
  const parts = [
    adapter ?? 'adapter not known',
    ...(driver === null ? [] : [`driver ${driver}`]),
    ...(memoryBytes === null ? [] : [gigabytes(memoryBytes)]),
    ...(software === true ? ['a software adapter, which auto leaves out'] : []),
  ];
  return parts.join(', ');
}
