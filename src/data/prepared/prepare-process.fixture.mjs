// Prepares one entry as a run would, reads all of it, and prints what it saw. `slow` waits in the middle, to be killed there.
import { setTimeout } from 'node:timers/promises';
import { preparedEntry } from './prepared-entry.ts';

const [folder, pace] = process.argv.slice(2);
const notes = [];
let made = 0;
const entry = await preparedEntry(
  { folder, name: 'shared', key: 1 },
  { note: (text) => notes.push(text) },
  async (writer) => {
    made++;
    const table = await writer.table('rows', [{ name: 'x', kind: 'int32' }], 100);
    for (let block = 0; block < 50; block++) {
      await table.append({ rows: 100, columns: [new Int32Array(100).fill(block)] });
      if (pace === 'slow' && block === 20) {
        process.stdout.write('half');
        await setTimeout(60_000);
      }
    }
    return null;
  },
);
let sum = 0;
for (let block = 0; block < 50; block++) for (const x of (await entry.table('rows').read(block)).columns[0]) sum += x;
process.stdout.write(JSON.stringify({ sum, made, notes }));
