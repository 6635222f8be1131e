import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { Command } from '@commander-js/extra-typings';
import type { Attempt, Candidate, Machine } from '../engine/devices/devices.js';
import { exitCode } from '../support/errors.js';
import { counted, printable } from '../support/text.js';
import { defineCommand, examples } from './command.js';

const words = () =>
  new Command('doctor')
    .description('Show usable devices; for the others, the cause and where the fix is.')
    .option('--json', 'print one JSON document, with all that libraries print')
    .addHelpText('after', examples('ple doctor', 'ple doctor --json'));

/** Prints facts about the machine, and what came of training on every engine and device. Fails if nothing can train. */
export const doctor = defineCommand(words, async ({ json }) => examine(json ?? false));

export async function examine(json: boolean, replaced?: Machine): Promise<number> {
  const { adapterOf, candidates, chooseDevice, fixOf, thisMachine } = await import('../engine/devices/devices.js');
  const machine = replaced ?? thisMachine();
  const print = (text: string) => {
    if (!json) process.stdout.write(text);
  };
  const facts = await machineFacts();
  const { node, platform, cpu, memory, disks } = facts;
  print(`Node    ${node}, ${platform}\nCPU     ${cpu.model ?? 'model not known'}, ${counted(cpu.cores, 'core')}\n`);
  print(`memory  ${gigabytes(memory.totalBytes)}, ${gigabytes(memory.freeBytes)} free\n`);
  print(`disk    ${disks.map((one) => `${gigabytes(one.freeBytes)} free in ${one.folder}`).join(', ')}\n\n`);

  const attempts = new Map<string, Attempt>();
  const devices: object[] = [];
  for (const candidate of await candidates(machine)) {
    print(`${title(candidate)}: `);
    const attempt = await machine.attempt(candidate);
    attempts.set(title({ ...candidate, deviceId: candidate.deviceId || undefined }), attempt); // auto has no id: the first
    if (attempt.kind === 'trained') {
      const { smoke } = attempt;
      const { adapter, software } = await adapterOf(candidate, machine);
      const slow = software === true ? ', a software adapter, which auto leaves out' : '';
      const on = `${adapter ?? 'adapter not known'}${candidate.pureJs ? ', for checks only' : slow}`;
      print(`trains, ${smoke.stepMilliseconds.toPrecision(2)} ms a step of a small model on ${printable(on)}\n`);
      devices.push({ ...candidate, usable: true, adapter, software, smoke });
    } else {
      const { reason, printed } = attempt;
      const fix = fixOf(candidate);
      print(`does not train: ${printable(reason)}\n  the fix is in ${fix}\n`);
      devices.push({ ...candidate, usable: false, reason, printed, fix });
    }
  }

  const tried = { ...machine, attempt: async (one: Candidate) => attempts.get(title(one)) ?? machine.attempt(one) };
  const canTrain = [...attempts.values()].some(({ kind }) => kind === 'trained');
  const auto = canTrain ? (await chooseDevice({ name: 'compiled', device: 'auto' }, tried)).chosen : null;
  print(`\n${auto ? `engine.device=${printable(auto.why)}` : 'Nothing can train here'}.\n`);
  if (json) {
    const taken = auto && { ...auto.candidate, why: auto.why };
    process.stdout.write(`${JSON.stringify({ schema: 1, ...facts, devices, auto: taken }, null, 2)}\n`);
  }
  return auto ? exitCode.done : exitCode.failed;
}

function title({ engine, device, deviceId, pureJs }: Candidate): string {
  const library = engine === 'tfjs' && device === 'cpu' ? ` (${pureJs ? 'plain JavaScript' : 'TensorFlow'})` : '';
  return `${engine} on ${device}${deviceId === undefined ? '' : ` ${deviceId}`}${library}`;
}

/** Null: unknown. In a container, memory is its limit. `datasets/cache` is the default folder of prepared data. */
async function machineFacts() {
  const { freeBytes } = await import('../support/files.js');
  const totalBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const folders = ['.', 'datasets/cache'];
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? null, cores: availableParallelism() },
    memory: { totalBytes, freeBytes: Math.min(freemem(), totalBytes) },
    disks: await Promise.all(folders.map(async (folder) => ({ folder, freeBytes: await freeBytes(folder) }))),
  };
}

function gigabytes(bytes: number | null): string {
  return bytes === null ? '?' : `${(bytes / 1e9).toFixed(1)} GB`;
}
