import type { Redis } from 'ioredis';
import { z } from 'zod';
import { checkpointPlace } from '../../../training/checkpoint.js';
import { forget, keptSeconds, upload, uploadSchema } from './pieces.js';

/** What a run needs to go on elsewhere. `epochs.jsonl` is read after the checkpoint, so that it has its epochs. */
const files = [
  'checkpoints/last.safetensors',
  'epochs.jsonl',
  'environment.json',
  'config.yaml',
  'log.jsonl',
  'mlflow.json',
];

const storedSchema = z.strictObject({ epoch: z.int(), step: z.int(), upload: uploadSchema });
type StoredCheckpoint = z.infer<typeof storedSchema>;

/** Replaces an older checkpoint. Only the holder of the job's lock may; the planner, before it adds the job, has none. */
const publish = `
if ARGV[1] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'refused' end
local before = redis.call('GET', KEYS[1])
if before then
  local old = cjson.decode(before)
  local epoch, step = tonumber(ARGV[2]), tonumber(ARGV[3])
  if old.epoch > epoch or (old.epoch == epoch and old.step >= step) then return 'older' end
end
redis.call('SET', KEYS[1], ARGV[4], 'EX', ARGV[5])
return before or ''`;

/** The checkpoint of a run that lies in the store, if there is one. */
export async function storedCheckpoint(redis: Redis, hash8: string): Promise<StoredCheckpoint | undefined> {
  const text = await redis.get(keyOf(hash8));
  return text === null ? undefined : storedSchema.parse(JSON.parse(text));
}

/**
 * Sends the last checkpoint of a run's folder, if it is newer than the stored one.
 * @param holder Key and token of the lock of the run's job. Absent: the planner, before the job is added.
 * @returns False: the lock belongs to another worker.
 */
export async function storeCheckpoint(
  redis: Redis,
  folder: string,
  hash8: string,
  holder: { readonly lock: string; readonly token: string } = { lock: '', token: '' },
): Promise<boolean> {
  const found = await checkpointPlace(folder, hash8);
  if (!found) return true;
  const { rowFiles, ...place } = found;
  const before = await storedCheckpoint(redis, hash8);
  if (before && !isNewer(place, before)) return true;
  const id = `${hash8}-${crypto.randomUUID()}`;
  const sent = await upload(redis, folder, [...files, ...rowFiles.map((name) => `checkpoints/${name}`)], id);
  // A newer checkpoint may have replaced it meanwhile. Without files of rows it was sent, under its older place; with them the next one is.
  const now = await checkpointPlace(folder, hash8);
  if (rowFiles.length + (now?.rowFiles.length ?? 0) > 0 && now && isNewer(now, place)) {
    await forget(redis, id);
    return true;
  }
  const stored: StoredCheckpoint = { ...place, upload: sent };
  const answer = String(
    await redis.eval(
      publish,
      ...[2, keyOf(hash8), holder.lock || keyOf(hash8)],
      ...[holder.token, place.epoch, place.step, JSON.stringify(stored), keptSeconds],
    ),
  );
  if (answer === 'refused' || answer === 'older') {
    await forget(redis, id);
    return answer === 'older';
  }
  if (answer !== '') await forget(redis, storedSchema.parse(JSON.parse(answer)).upload.id);
  return true;
}

/** For a run that has ended. */
export async function forgetCheckpoint(redis: Redis, hash8: string): Promise<void> {
  const stored = await storedCheckpoint(redis, hash8);
  await redis.del(keyOf(hash8));
  if (stored) await forget(redis, stored.upload.id);
}

interface Place {
  readonly epoch: number;
  readonly step: number;
}

/** Whether the first is of a later moment of training. */
export function isNewer(a: Place, b: Place): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.step > b.step);
}

function keyOf(hash8: string): string {
  return `ple:checkpoint:${hash8}`;
}
