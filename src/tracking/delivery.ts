import { Refused, reasonOf } from './mlflow-api.js';

/** Requests to a server, one after the other, behind the back of training. */
export interface Delivery {
  /** Returns at once. */
  add(request: Request): void;
  /** When all are sent that were added, or one could not be sent. */
  attempt(): Promise<void>;
  /** Tries to send what waits, for some seconds at most. Nothing is sent afterwards. */
  end(): Promise<void>;
}

interface Request {
  readonly send: () => Promise<void>;
  /** Nothing can follow if the server refuses it. */
  readonly isFirst?: boolean;
}

const secondsAtEnd = 8;

/**
 * A request that the server does not answer waits, and is tried again when the next is added. One that it refuses is left out. Each
 * reason is noted once.
 * @param stop Ended with the delivery: it stops the request in flight.
 */
export function createDelivery(note: (reason: string) => void, stop: AbortController): Delivery {
  const waiting: Request[] = [];
  const noted = new Set<string>();
  let refused = false;
  let attempt: Promise<void> | undefined;

  const noteOnce = (reason: string) => {
    if (!noted.has(reason)) note(reason);
    noted.add(reason);
  };

  async function sendAll(): Promise<void> {
    for (let next = waiting[0]; next && !refused; next = waiting[0]) {
      try {
        await next.send();
      } catch (error) {
        if (stop.signal.aborted) return;
        noteOnce(reasonOf(error));
        if (!(error instanceof Refused)) return;
        refused = next.isFirst ?? false;
      }
      waiting.shift();
    }
  }

  function start(): Promise<void> {
    attempt ??= sendAll().finally(() => {
      attempt = undefined;
    });
    return attempt;
  }

  return {
    add(request) {
      if (refused || stop.signal.aborted) return;
      waiting.push(request);
      void start();
    },
    attempt: start,
    async end() {
      const timer = setTimeout(() => stop.abort(), 1000 * secondsAtEnd);
      await attempt;
      await start(); // what failed in the attempt before
      clearTimeout(timer);
      const left = refused ? 0 : waiting.length;
      if (left > 0) note(`${left} ${left === 1 ? 'request was' : 'requests were'} not sent`);
      stop.abort();
    },
  };
}
