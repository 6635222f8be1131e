import { Worker } from 'node:worker_threads';
import { DataError } from '../support/errors.js';
import { bytesOf, type FileSplit, openPart, type PartKeys, partKeys, type Side, sideSplits } from './ali-ccp-parts.js';
import type { RawFiles } from './ali-ccp-raw.js';
import type { LoaderContext } from './loader.js';
import type { PreparedEntry } from './prepared/open-prepared.js';
import type { EntryContext } from './prepared/prepared-entry.js';
import { DamagedEntry } from './store/prepared.js';

/** What a thread is started with. */
export interface SideOrder {
  readonly side: Side;
  readonly files: RawFiles;
  readonly folder: string;
  readonly keys: PartKeys;
  readonly compareUpTo: number | undefined;
  /** An int32; not 0: it should stop, and leave nothing behind. */
  readonly stop: SharedArrayBuffer;
}

export type SideReport =
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'damaged'; readonly path: string; readonly damage: string };

export type PreparedParts = Readonly<Record<Side, Readonly<Record<FileSplit, PreparedEntry>>>>;

const sides = ['common', 'skeleton'] as const;

/**
 * The prepared tables of the four files, each file's in a folder of its own. What is missing is made by two threads, one for the common
 * features and one for the samples; what an interrupted preparation finished is not made again.
 */
export async function preparedParts(files: RawFiles, folder: string, context: LoaderContext): Promise<PreparedParts> {
  const keys = await partKeys(files);
  const { note, signal, compareUpTo } = context;
  const found = await openAll({ folder, keys }, context);
  if (found) return found;
  const done = { common: 0, skeleton: 0 };
  const total = sides.flatMap((side) => sideSplits.map((split) => bytesOf(side, split, files))).reduce((a, b) => a + b);
  const stop = new SharedArrayBuffer(4);
  const halt = () => void Atomics.store(new Int32Array(stop), 0, 1);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', halt);
  const outcomes = await Promise.allSettled(
    sides.map((side) =>
      runThread({ side, files, folder, keys, compareUpTo, stop }, (bytes) => {
        done[side] = bytes;
        context.progress?.(done.common + done.skeleton, total);
      }).catch((error: unknown) => {
        halt(); // the other one need not go on
        throw error;
      }),
    ),
  );
  signal?.removeEventListener('abort', halt);
  signal?.throwIfAborted();
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  const made = await openAll({ folder, keys }, { note, signal });
  if (!made) throw new DataError(`The prepared data in ${folder} are gone again. Does something else remove them?`);
  return made;
}

class Missing extends Error {}

/** Undefined if a part is missing, or damaged: then all have been looked at. */
async function openAll(
  at: Pick<SideOrder, 'folder' | 'keys'>,
  context: EntryContext,
): Promise<PreparedParts | undefined> {
  const open = async (side: Side, split: FileSplit): Promise<PreparedEntry | undefined> => {
    try {
      return await openPart(side, split, at, context, () => {
        throw new Missing();
      });
    } catch (error) {
      if (error instanceof Missing) return undefined;
      throw error;
    }
  };
  const [common, commonTest] = [await open('common', 'train'), await open('common', 'test')];
  const [skeleton, skeletonTest] = [await open('skeleton', 'train'), await open('skeleton', 'test')];
  if (!common || !commonTest || !skeleton || !skeletonTest) return undefined;
  return { common: { train: common, test: commonTest }, skeleton: { train: skeleton, test: skeletonTest } };
}

/** Resolves when the side is prepared; rejects with a `DataError` for files that cannot be used. */
function runThread(order: SideOrder, onBytes: (bytes: number) => void): Promise<void> {
  const script = import.meta.url.endsWith('.ts') ? './ali-ccp-worker.fixture.mjs' : './ali-ccp-worker.js';
  const thread = new Worker(new URL(script, import.meta.url), { workerData: order });
  return new Promise((resolve, reject) => {
    thread.on('message', (report: SideReport) => {
      if (report.kind === 'progress') onBytes(report.bytes);
      else if (report.kind === 'damaged') reject(new DamagedEntry(report.path, report.damage));
      else reject(new DataError(report.message));
    });
    thread.on('error', reject);
    thread.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The thread that prepares ${order.side} ended with exit code ${code}`));
    });
  });
}
