// Writes four files in Ali-CCP's raw format, of any size, with something to learn in them; for tests and measurements.
import { makeAliCcpFiles } from '../src/data/ali-ccp/made-files.fixture.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run make:ali-ccp -- DIR [rows=1000000] [common=20000] [entries=400] [seed=0]';
const [folder, ...words] = wordsOf(usage, { allowPositionals: true }).positionals;
if (folder === undefined) refuse(usage, 'Name a folder.');
const sizes = { rows: 1_000_000, common: 20_000, entries: 400, seed: 0 };
for (const word of words) {
  const [name = '', value = ''] = word.split('=');
  if (!(name in sizes) || !(value !== '' && Number(value) >= 0)) refuse(usage, `${word}: say NAME=NUMBER.`);
  Object.assign(sizes, { [name]: Number(value) });
}
const { rows, common, entries, seed } = sizes;
const tenth = (count: number) => Math.ceil(count / 10);
const kinds = { items: 200_000, users: Math.ceil(0.6 * common), clickRate: 0.04, conversionRate: 0.02 };
const parts = { rows: { train: rows, test: tenth(rows) }, common: { train: common, test: tenth(common) } };
await makeAliCcpFiles(folder, { ...parts, entries, ...kinds, seed });
