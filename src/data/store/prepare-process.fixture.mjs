// Prepares one entry as a run would, reads all of it, and prints what it saw. `slow` waits in the middle, to be killed there.
import { setTimeout } from 'node:timers/promises';
import { literal, rowsOf, withDatabase } from './database.ts';
import { prepared } from './prepared.ts';

const [folder, pace] = process.argv.slice(2);
let made = 0;
const entry = await prepared(
  { folder, name: 'shared', key: 1 },
  {},
  async (database) => {
    made++;
    await database.run('CREATE TABLE prepared.rows AS SELECT i::INTEGER AS x FROM range(5000) t(i)');
    if (pace === 'slow') {
      process.stdout.write('half');
      await setTimeout(60_000);
    }
    return null;
  },
);
const sum = await withDatabase(async (database) => {
  await database.run(`ATTACH ${literal(entry.file)} AS other (READ_ONLY)`);
  return Number((await rowsOf(database, 'SELECT sum(x) FROM other.rows'))[0][0]);
});
process.stdout.write(JSON.stringify({ sum, made }));
