import { spawnSync } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import {
  adapterOf,
  type Candidate,
  candidates,
  deviceName,
  engineOn,
  thisMachine,
} from '../src/engine/devices/devices.js';
import { byteCount } from '../src/engine/run/transfers.js';
import { textTable } from '../src/report/text-table.js';
import { pace } from '../src/training/evaluation.js';
import { type BenchCaseName, benchCase, median, timed } from './bench-case.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

/**
 * Times training steps on every device that is here, in chunks as a run takes them, each case in a process of its own.
 * Software adapters are measured only with --device webgpu, plain JavaScript never. Exit code 1 if a device or a case
 * fails, or if nothing was measured.
 */
const usage =
  'Usage: npm run bench:gpu -- [--device cpu|cuda|webgpu] [--engine compiled|tfjs] [--case wide|narrow|large] [--seconds 10]';
const text = { type: 'string' } as const;
const { values } = wordsOf(usage, {
  options: { device: text, engine: text, case: text, seconds: { ...text, default: '10' }, measure: text },
});
checkChoice(usage, 'device', values.device, ['cpu', 'cuda', 'webgpu']);
checkChoice(usage, 'engine', values.engine, ['compiled', 'tfjs']);
const names = ['wide', 'narrow', 'large'] as const;
checkChoice(usage, 'case', values.case, names);
const seconds = Number(values.seconds);
if (!(seconds > 0)) refuse(usage, `--seconds ${values.seconds}: give a number above 0.`);

const head = ['case', 'samples/s', 'ms a step', 'GFLOP/s', 'steps', 'a chunk', 'copies', 'kB a step in', 'out'];
if (values.measure === undefined) await benchDevices();
else console.log(JSON.stringify(await measure(JSON.parse(values.measure))));

async function benchDevices(): Promise<void> {
  const machine = thisMachine();
  let measured = 0;
  for (const candidate of await candidates(machine)) {
    const { engine, device, pureJs } = candidate;
    if (pureJs || (values.device ?? device) !== device || (values.engine ?? engine) !== engine) continue;
    const attempt = await machine.attempt(candidate);
    const { adapter, software } = await adapterOf(candidate, machine);
    const fails = attempt.kind === 'failed';
    console.log(`${deviceName(candidate)}: ${fails ? attempt.reason : adapter}`);
    if (fails && values.device !== undefined) process.exitCode = 1;
    if (fails || (software && values.device === undefined)) continue;
    const rows = names
      .filter((name) => (values.case ?? name) === name)
      .flatMap((name) => {
        const words = [...process.execArgv, import.meta.filename, '--seconds', String(seconds)];
        const order = JSON.stringify({ candidate, name });
        const { status, stdout } = spawnSync(process.execPath, [...words, '--measure', order], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        if (status === 0) return [JSON.parse(stdout)];
        process.exitCode = 1;
        return [[name, 'failed']];
      });
    measured += rows.length;
    console.log(`${textTable(head, rows)}\n`);
  }
  if (measured === 0) process.exitCode = 1;
}

/**
 * A case's cells. Only chunks count that are as long as a run's; copies are estimated from those timed at compilation.
 */
async function measure({ candidate, name }: { candidate: Candidate; name: BenchCaseName }) {
  const { step, signature, batchSize, chunk } = benchCase(name);
  const program = await engineOn(candidate).compile(step, signature);
  const chunks = pace(byteCount(Object.values(signature.batch)), program.transfers?.perChunkMilliseconds);
  const run = async () => {
    const steps = chunks.steps();
    const batches = chunk(steps);
    const before = { ...program.transfers };
    const milliseconds = await timed(() => program.run(batches));
    chunks.observe(steps, milliseconds / 1000);
    await setImmediate();
    const { toDeviceBytes = 0, fromDeviceBytes = 0, milliseconds: copies = 0 } = program.transfers ?? {};
    const moved = [toDeviceBytes - (before.toDeviceBytes ?? 0), fromDeviceBytes - (before.fromDeviceBytes ?? 0)];
    return { steps, milliseconds, moved, copies: copies - (before.milliseconds ?? 0) };
  };
  let [earlier, last] = [await run(), await run()];
  while (last.steps >= 4 * earlier.steps) [earlier, last] = [last, await run()]; // `pace` grows by 4 at most
  const counted = [last];
  const sum = (of: (one: typeof last) => number) => counted.reduce((total, one) => total + of(one), 0);
  while (sum(({ milliseconds }) => milliseconds) < 1000 * seconds) counted.push(await run());
  const { flops, transfers } = program;
  await program.release();
  const stepMilliseconds = median(counted.map(({ steps, milliseconds }) => milliseconds / steps));
  const steps = sum((one) => one.steps);
  const share = sum(({ copies }) => copies) / sum(({ milliseconds }) => milliseconds);
  const kilobytes = [0, 1].map((way) => (sum(({ moved }) => moved[way] ?? 0) / steps / 1000).toPrecision(3));
  return [
    name,
    Math.round((1000 * batchSize) / stepMilliseconds),
    stepMilliseconds.toPrecision(3),
    flops === null ? '-' : (flops / stepMilliseconds / 1e6).toPrecision(3),
    steps,
    median(counted.map((one) => one.steps)),
    ...(transfers ? [`${(100 * share).toFixed(2)} %`, ...kilobytes] : ['-', '-', '-']),
  ];
}
