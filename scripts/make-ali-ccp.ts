// Writes four files in Ali-CCP's raw format, of any size, with something to learn in them; for tests and measurements.
import { makeAliCcpFiles } from '../src/data/ali-ccp/made-files.fixture.js';
import { refuse, wordsOf } from './usage.js';

const usage = `Usage: npm run make:ali-ccp -- --out DIR [--rows 1000000] [--common 20000] [--entries 400] [--test-rows N] [--test-common N]
         [--items 200000] [--users N] [--click-rate 0.04] [--conversion-rate 0.02] [--seed 0]`;
const text = { type: 'string' } as const;
const { values } = wordsOf(usage, {
  options: {
    ...{ out: text, rows: text, common: text, entries: text, 'test-rows': text, 'test-common': text, items: text },
    ...{ users: text, 'click-rate': text, 'conversion-rate': text, seed: text },
  },
});
if (values.out === undefined) refuse(usage, 'Name a folder: --out DIR.');

const rows = numberOf('rows', 1_000_000);
const common = numberOf('common', 20_000);
let shown = 0;
await makeAliCcpFiles(
  values.out,
  {
    rows: { train: rows, test: numberOf('test-rows', Math.ceil(rows / 10)) },
    common: { train: common, test: numberOf('test-common', Math.ceil(common / 10)) },
    entries: numberOf('entries', 400),
    items: numberOf('items', 200_000),
    users: numberOf('users', Math.ceil(0.6 * common)),
    clickRate: numberOf('click-rate', 0.04),
    conversionRate: numberOf('conversion-rate', 0.02),
    seed: numberOf('seed', 0),
  },
  (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent >= shown + 5 || done === total) console.log(`${percent} %`);
    if (percent >= shown + 5) shown = percent;
  },
);

function numberOf(name: keyof typeof values, usual: number): number {
  const value = Number(values[name] ?? usual);
  if (!(value >= 0)) refuse(usage, `--${name} ${values[name]}: say a number.`);
  return value;
}
