import { Refused, reasonOf } from './mlflow-api.js';

/** Requests to a server, sent in the background, one after the other. */
export interface Delivery {
  /** Returns at once. */
  add(request: Request): void;
  /** Resolves when every added request is sent, or one could not be sent. */
  attempt(): Promise<void>;
  /** Tries to send the waiting requests, for 8 s at most. Nothing is sent afterwards. */
  end(): Promise<void>;
}

interface Request {
  readonly send: () => Promise<void>;
  /** The later requests need it: if the server refuses it, nothing more is sent. */
  readonly isFirst?: boolean;
}

const secondsAtEnd = 8;

/**
 * If the server does not answer a request, the request waits for a retry, which comes with the next request. If the
 * server refuses a request, the request is dropped. Each reason is noted once.
 * @param stop Aborted at the end, which stops the request in flight.
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
