// Prepares one entry as a run would, reads all of it, and prints what it saw.
import { literal, queryRows, withDatabase } from './database.ts';
import { prepared } from './prepared.ts';

const [folder] = process.argv.slice(2);
let made = 0;
const entry = await prepared({ folder, name: 'shared', key: 1, files: [] }, {}, async (database) => {
  made++;
  await database.run('CREATE TABLE prepared.rows AS SELECT i::INTEGER AS x FROM range(5000) t(i)');
  return null;
});
const sum = await withDatabase(async (database) => {
  await database.run(`ATTACH ${literal(entry.file)} AS other (READ_ONLY)`);
  return Number((await queryRows(database, 'SELECT sum(x) FROM other.rows'))[0][0]);
});
process.stdout.write(JSON.stringify({ sum, made }));
