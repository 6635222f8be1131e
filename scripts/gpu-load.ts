import { spawn } from 'node:child_process';
import type { Adapter, Candidate } from '../src/engine/devices/device.js';
import type { Facts, NvidiaGpu } from '../src/engine/devices/facts.js';

/** Of the GPUs that `nvidia-smi` lists, the one that a candidate runs on; null: none, or it cannot be told. */
export async function nvidiaGpuOf(
  { device, deviceId = 0 }: Candidate,
  { adapter }: Adapter,
  { nvidiaGpus }: Pick<Facts, 'nvidiaGpus'>,
): Promise<NvidiaGpu | null> {
  if (device === 'cpu') return null;
  const gpus = (await nvidiaGpus()) ?? [];
  if (device === 'cuda') return gpus[deviceId] ?? null;
  const named = gpus.filter(({ name }) => name === adapter);
  return named.length === 1 ? (named[0] ?? null) : null;
}

const nvidiaSmi = 'nvidia-smi';
const sampleMilliseconds = 200;
/** A sample tells of up to a second before it. */
const samplesOfBefore = 5;

/** Starts to look at how busy a GPU is; the function that is returned ends it. */
export function watchLoad({ uuid }: NvidiaGpu): () => Promise<number | null> {
  const words = [`--id=${uuid}`, '--query-gpu=utilization.gpu', '--format=csv,noheader,nounits'];
  const tool = spawn(nvidiaSmi, [...words, `--loop-ms=${sampleMilliseconds}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  let text = '';
  tool.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const ended = new Promise<void>((resolve) => {
    tool.once('error', () => resolve());
    tool.once('close', () => resolve());
  });
  return async () => {
    tool.kill();
    await ended;
    return busyShare(text);
  };
}

/** Mean of `nvidia-smi`'s utilization.gpu, which is the percent of the time in which a kernel ran; null: it was not told. */
function busyShare(text: string): number | null {
  const samples = text.split('\n').flatMap((line) => (/^\s*\d+\s*$/.test(line) ? [Number(line) / 100] : []));
  const counted = samples.slice(Math.min(samplesOfBefore, samples.length - 1));
  return counted.length === 0 ? null : counted.reduce((sum, share) => sum + share, 0) / counted.length;
}
