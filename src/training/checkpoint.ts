import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bytesOf, type HostArray, type HostArrays } from '../support/arrays.js';
import { UserError } from '../support/errors.js';
import { must } from '../support/must.js';
import { readSafetensors, writeSafetensors } from '../support/safetensors.js';
import { progressSchema } from './progress/progress.js';
import type { ServedParameters } from './progress/selection.js';
import type { Snapshot } from './trainer.js';

/** Then the epoch: `kept/7/<parameter>`. */
const keptPrefix = 'kept/';
/** What an epoch has kept of the state itself. */
const sharedSchema = z.array(z.tuple([z.int(), z.string()]));
/** Its number grows when the meaning of a state's arrays or scores changes, or the content of `last.safetensors`. */
const format = 'ple-checkpoint-8';

/** All that a resumed run needs, in one file, so that no kill can leave two files of different moments. */
function lastPath(folder: string): string {
  return join(folder, 'last.safetensors');
}

/** @param hash the run's hash8: a checkpoint of another config or other data is refused */
export async function writeSnapshot(folder: string, snapshot: Snapshot, hash: string): Promise<void> {
  const arrays: Record<string, HostArray> = { ...snapshot.state };
  const shared: [number, string][] = []; // tables that are trained in place
  for (const [epoch, parameters] of snapshot.kept)
    for (const [name, value] of Object.entries(parameters))
      if (value === snapshot.state[name]) shared.push([epoch, name]);
      else arrays[`${keptPrefix}${epoch}/${name}`] = value;
  const texts = { progress: JSON.stringify(snapshot.progress), shared: JSON.stringify(shared) };
  const metadata = { format, hash, ...texts, sha256: checksum(arrays, texts) };
  await writeSafetensors(lastPath(folder), { arrays, metadata });
}

/** Covers everything that a run continues from: a bit flipped on the disk would silently give a wrong result. */
function checksum(arrays: HostArrays, { progress, shared }: { progress: string; shared: string }): string {
  const sha256 = createHash('sha256').update(progress).update(shared);
  for (const [name, array] of Object.entries(arrays)) {
    sha256.update(JSON.stringify([name, array.dtype, array.shape]));
    for (const piece of bytesOf(array)) sha256.update(piece);
  }
  return sha256.digest('hex');
}

/** What tasks are served with, for other programs: plain safetensors under the parameters' names. */
export async function writeServed(path: string, { tasks, parameters }: ServedParameters): Promise<void> {
  await writeSafetensors(path, { arrays: parameters, metadata: { format, tasks: JSON.stringify(tasks) } });
}

/** The last checkpoint, or nothing if none was written yet. */
export async function readSnapshot(folder: string, hash: string): Promise<Snapshot | undefined> {
  const path = lastPath(folder);
  if (!existsSync(path)) return undefined;
  const { arrays, metadata } = await readSafetensors(path);
  if (metadata.format !== format) {
    throw new UserError(
      `${path} was written by another version of ple (${metadata.format}, not ${format}): delete it to train from the start.`,
    );
  }
  if (metadata.hash !== hash) {
    throw new UserError(`${path} belongs to another config or other data (${metadata.hash} is not ${hash}).`);
  }
  const { progress = '', shared = '' } = metadata;
  if (metadata.sha256 !== checksum(arrays, { progress, shared })) {
    throw new UserError(`${path} has a checksum mismatch: delete it to restart the run.`);
  }
  const state: Record<string, HostArray> = {};
  const kept = new Map<number, Record<string, HostArray>>();
  for (const [name, value] of Object.entries(arrays)) {
    const [, epoch, parameter] = /^kept\/(\d+)\/(.+)$/.exec(name) ?? [];
    if (parameter === undefined) state[name] = value;
    else kept.set(Number(epoch), { ...kept.get(Number(epoch)), [parameter]: value });
  }
  for (const [epoch, name] of sharedSchema.parse(JSON.parse(shared)))
    kept.set(epoch, { ...kept.get(epoch), [name]: must(state[name], name) });
  return { state, kept, progress: progressSchema.parse(JSON.parse(progress)) };
}
