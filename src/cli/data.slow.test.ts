import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDatabase } from '../data/store/database.js';
import { ple, succeeded, temporaryFolder } from './command.fixture.js';

test('times of a zone are UTC, whatever the zone of the machine', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'times.parquet');
  const rows = "SELECT TIMESTAMPTZ '1970-01-02 12:00:00+00' AS t, i / 2 AS x FROM range(200) t(i)";
  await withDatabase((database) => database.run(`COPY (${rows}) TO '${path}' (FORMAT parquet)`));
  const config = join(folder, 'times.yaml');
  writeFileSync(
    config,
    `name: times
dataset: { loader: table, path: ${path}, cache: ${join(folder, 'cache')}, tasks: { t: { regression: true } } }
tasks: [{ name: t, type: regression }]
model: { type: single-task }
train: { epochs: 1, batchSize: 50, optimizer: { type: adam } }
`,
  );
  const { stdout } = await succeeded(ple(['data', 'inspect', config], { env: { TZ: 'America/New_York' } }));
  expect(stdout).toMatch(/^t +regression +train +\d+ +1\.5000$/m);
});
