// A worker process of a comparison. `worker-process.ts` starts it; it executes orders one after the other and prints
// nothing. It ends when the comparison's process closes the channel or dies; a run then writes a checkpoint first.
import { type Order, type Said, type Stop, takeOrders } from './orders.js';

const orders = takeOrders((report) => say({ report }));

process.on('message', async (text) => {
  const order: Order | Stop = JSON.parse(String(text));
  if (order.kind === 'stop') orders.stop();
  else say({ answer: await orders.take(order) });
});
process.on('disconnect', orders.stop);
// A terminal also sends its signals to workers, which ignore them: the comparison's process says when to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function say(what: Said): void {
  if (process.connected) process.send?.(JSON.stringify(what), () => undefined);
}
