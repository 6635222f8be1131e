import { fileURLToPath } from 'node:url';
import { lookAtMachine } from '../src/engine/devices/choose-device.js';
import { type Adapter, type Candidate, type Finding, nameOf } from '../src/engine/devices/device.js';
import { explain } from '../src/engine/devices/failures.js';
import { askChild } from '../src/engine/devices/probe.js';
import { candidates } from '../src/engine/devices/survey.js';
import { type BenchCaseName, benchCase, benchCaseNames } from './bench-case.js';
import { casesText, deviceText, type Measured } from './bench-gpu-text.js';
import type { BenchMessage, BenchOrder } from './bench-gpu-worker.js';
import { nvidiaGpuOf, watchLoad } from './gpu-load.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

const usage =
  'Usage: npm run bench:gpu -- [--device cpu|cuda|webgpu] [--engine compiled|tfjs] [--case wide|narrow|large] [--seconds 10] [--json]';

/**
 * Times training steps on every device that is here, found as `ple doctor` finds them, each case in a process of its own.
 * A software adapter is measured only with --device webgpu, and plain JavaScript never. A case of which a step would take more than ten
 * minutes, by the speed of those before it, is left out unless --case names it. Exit code 1 if what was asked for by --device is not
 * here, if a case failed, or if nothing was measured.
 */
const { values } = wordsOf(usage, {
  options: {
    json: { type: 'boolean', default: false },
    device: { type: 'string' },
    engine: { type: 'string' },
    case: { type: 'string' },
    seconds: { type: 'string', default: '10' },
  },
});
checkChoice(usage, 'device', values.device, ['cpu', 'cuda', 'webgpu']);
checkChoice(usage, 'engine', values.engine, ['compiled', 'tfjs']);
checkChoice(usage, 'case', values.case, benchCaseNames);
const seconds = Number(values.seconds);
if (!(seconds > 0)) refuse(usage, `--seconds ${values.seconds}: say a number above 0.`);

/** A case after others is left out where a step would take longer. */
const mostStepSeconds = Math.max(600, 20 * seconds);
/** One step cannot be interrupted: a case that takes so long is ended. */
const mostSeconds = Math.max(3600, 20 * seconds);
const say = values.json ? () => undefined : (text: string) => process.stdout.write(text);
const look = lookAtMachine();
const chosen = (await candidates(look)).filter(
  ({ engine, device, pureJs }) =>
    !pureJs && (values.device ?? device) === device && (values.engine ?? engine) === engine,
);
const devices: (Candidate & Finding & { readonly cases: readonly Measured[] })[] = [];
for (const candidate of chosen) {
  const finding = await look.probe(candidate);
  const left = finding.usable && finding.software === true && candidate.device === 'webgpu' && !values.device;
  say(deviceText(nameOf(candidate), finding, left));
  const cases: Measured[] = [];
  if (finding.usable && !left) {
    for (const name of benchCaseNames.filter((one) => (values.case ?? one) === one)) {
      process.stderr.write(`${nameOf(candidate)}: ${name}…\n`);
      cases.push(await measure(candidate, finding, name, cases));
    }
    say(casesText(candidate, cases));
  }
  devices.push({ ...candidate, ...finding, cases });
}
if (values.json) process.stdout.write(`${JSON.stringify({ schema: 1, seconds, devices }, null, 2)}\n`);

const measured = devices.flatMap(({ cases }) => cases);
const missing = values.device !== undefined && devices.every(({ usable }) => !usable);
if (missing || measured.length === 0 || measured.some(({ timing, left }) => timing === null && !left))
  process.exitCode = 1;

async function measure(
  candidate: Candidate,
  adapter: Adapter,
  name: BenchCaseName,
  before: readonly Measured[],
): Promise<Measured> {
  const { batchSize } = benchCase(name);
  const gpu = await nvidiaGpuOf(candidate, adapter, look.facts);
  let endWatch: (() => Promise<number | null>) | undefined;
  const flopsPerSecond = Math.max(...before.map(({ timing }) => rateOf(timing)));
  const order: BenchOrder = {
    candidate,
    name,
    seconds,
    ...(flopsPerSecond > 0 ? { expected: { flopsPerSecond, mostSeconds: mostStepSeconds } } : {}),
  };
  const { last, late, signal, stderr } = await askChild<BenchMessage>(
    {
      script: fileURLToPath(new URL('./bench-gpu-worker.ts', import.meta.url)),
      execArgv: process.execArgv,
      words: [JSON.stringify(order)],
      timeoutSeconds: mostSeconds,
    },
    ({ kind }) => {
      if (kind === 'measuring' && gpu) endWatch = watchLoad(gpu);
    },
  );
  const busyShare = (await endWatch?.()) ?? null;
  if (last?.kind === 'measured') return { name, batchSize, timing: last.timing, busyShare, left: false, failure: null };
  if (last?.kind === 'left') {
    const failure = `a step would take about ${Math.round(last.stepSeconds / 60)} minutes, by the speed of the others: --case ${name} times it`;
    return { name, batchSize, timing: null, busyShare: null, left: true, failure };
  }
  const failure = late
    ? ({ kind: 'late', seconds: mostSeconds } as const)
    : last?.kind === 'failed'
      ? ({ kind: 'failed', message: last.message, stderr } as const)
      : ({ kind: 'ended', signal, stderr } as const);
  return {
    name,
    batchSize,
    timing: null,
    busyShare,
    left: false,
    failure: explain(candidate, failure, look.facts).reason,
  };
}

/** Floating-point operations in a second; 0: not known. */
function rateOf(timing: Measured['timing']): number {
  return timing?.flops ? (1000 * timing.flops) / timing.stepMilliseconds : 0;
}
