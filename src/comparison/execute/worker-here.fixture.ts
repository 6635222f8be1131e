import { vi } from 'vitest';
import { type Report, takeOrders } from './orders.js';
import type { WorkerProcess } from './worker-process.js';

/**
 * In the fast suite comparisons train in the test's own process: a worker takes the same orders, without a process of
 * its own. Messages are JSON texts here too.
 */
vi.mock('./worker-process.js', async (original) => ({
  ...(await original<typeof import('./worker-process.js')>()),
  startWorker: startWorkerHere,
}));

function startWorkerHere(): WorkerProcess {
  let on: (report: Report) => void = () => undefined;
  const orders = takeOrders((report) => on(asSent(report)));
  return {
    ...{ alive: true, stop: orders.stop, kill: orders.stop },
    async ask(order, listen) {
      on = listen;
      return asSent(await orders.take(asSent(order)));
    },
    release: async () => orders.stop(),
  };
}

function asSent<Message>(message: Message): Message {
  return JSON.parse(JSON.stringify(message));
}
