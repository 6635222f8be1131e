import { type Choice, chooseDevice, type Inspection } from './choose-device.js';
import type { Candidate, Finding } from './device.js';

export interface Surveyed {
  readonly candidate: Candidate;
  readonly finding: Finding;
}

/**
 * Tries every engine on every device, one after the other. `auto` is what a run would use. Null: nothing can train.
 */
export async function survey(
  look: Inspection,
  on: (candidate: Candidate) => void,
): Promise<{ readonly devices: readonly Surveyed[]; readonly auto: Choice | null }> {
  const devices: Surveyed[] = [];
  for (const candidate of await candidates(look)) {
    on(candidate);
    devices.push({ candidate, finding: await look.probe(candidate) });
  }
  const known = new Map(devices.map(({ candidate, finding }) => [candidateKey(candidate), finding]));
  const again: Inspection = {
    facts: look.facts,
    probe: async (candidate) => known.get(candidateKey(candidate)) ?? look.probe(candidate),
  };
  const canTrain = devices.some(({ finding }) => finding.usable);
  return { devices, auto: canTrain ? await chooseDevice({ name: 'compiled', device: 'auto' }, again) : null };
}

/** Every engine on every device, with an id if CUDA sees several GPUs. */
export async function candidates({ facts }: Inspection): Promise<readonly Candidate[]> {
  const gpus = facts.nvidiaDriver() === null ? 1 : ((await facts.nvidiaGpus())?.length ?? 1);
  const cuda = (engine: Candidate['engine']): Candidate[] =>
    gpus > 1
      ? Array.from({ length: gpus }, (_, deviceId) => ({ engine, device: 'cuda', deviceId }))
      : [{ engine, device: 'cuda' }];
  return [
    ...cuda('compiled'),
    ...cuda('tfjs'),
    { engine: 'compiled', device: 'webgpu' },
    { engine: 'compiled', device: 'cpu' },
    { engine: 'tfjs', device: 'cpu' },
    { engine: 'tfjs', device: 'cpu', pureJs: true },
  ];
}

/** `auto` has no id with one GPU; then it means the first. */
function candidateKey({ engine, device, deviceId = 0, pureJs = false }: Candidate): string {
  return JSON.stringify([engine, device, deviceId, pureJs]);
}
