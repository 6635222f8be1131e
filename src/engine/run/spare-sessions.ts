import { createHash } from 'node:crypto';
import { openSession, type Session, type SessionOptions } from './session.js';
import { byteCount } from './transfers.js';

/** At most so many sessions without a run are kept, and so many bytes of their graphs and inputs. */
const most = { sessions: 16, bytes: 2 ** 26 };

interface SpareSession {
  readonly graph: string;
  readonly session: Session;
  readonly bytes: number;
}

/** Sessions that an earlier run of this process released, the last one at the end. */
let spares: SpareSession[] = [];

/**
 * Opens a session on the CPU, or takes a spare one of the same graph: the runs of a comparison differ in their numbers, and
 * few in their graphs. On other devices a session that is not used would hold memory that runs need.
 */
export async function openOrTakeSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  if (options.device !== 'cpu') return openSession(model, options);
  const graph = createHash('sha256').update(JSON.stringify(options)).update(model).digest('hex');
  const spare = spares.find((other) => other.graph === graph);
  spares = spares.filter((other) => other !== spare);
  const session = spare?.session ?? (await openSession(model, options));
  let bytes = 0;
  return {
    run(feeds, fetches, into) {
      bytes ||= byteCount(Object.values(feeds).flatMap((array) => ('tensor' in array ? [] : [array])));
      return session.run(feeds, fetches, into);
    },
    async release() {
      spares.push({ graph, session, bytes: model.byteLength + bytes });
      await releaseOldest();
    },
  };
}

async function releaseOldest() {
  const bytes = () => spares.reduce((sum, spare) => sum + spare.bytes, 0);
  while (spares.length > most.sessions || bytes() > most.bytes) await spares.shift()?.session.release();
}
