// A worker process of a comparison. `worker-process.ts` starts it; it executes orders one after the other and prints
// nothing. It ends when the comparison's process closes the channel or dies; a run then writes a checkpoint first.
import type { Answer, Order, Report, Stop } from './messages.js';
import { takeOrders } from './orders.js';

const orders = takeOrders(send);

process.on('message', (text) => {
  const message: Order | Stop = JSON.parse(String(text));
  if (message.kind === 'stop') orders.stop();
  else void orders.take(message).then(send);
});
process.on('disconnect', orders.stop);
// A terminal also sends its signals to workers, which ignore them: the comparison's process says when to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function send(message: Report | Answer): void {
  if (process.connected) process.send?.(JSON.stringify(message), () => undefined);
}
