import { expect, test } from 'vitest';
import { gainsText } from './gains-text.js';
import { reportFixture } from './report.fixture.js';

test.each([
  ['rows', 1, 'one pass'],
  ['passes', 4, '4 passes'],
])('doubling is of %s where models were trained for %s', async (what, passes, trained) => {
  const models = [
    { label: 'single-task', type: 'single-task' },
    { label: 'ple', type: 'ple' },
  ];
  const textWith = async (half: number) => {
    const { comparison } = await reportFixture({ models, seeds: 3, rows: 400, half });
    const doublings = comparison.doublings?.map((doubling) => ({ ...doubling, passes }));
    const changed = { ...comparison, ...(doublings && { doublings }) };
    return gainsText(changed, { colour: false, wide: false, columns: 200 }).replaceAll(/\s+/g, ' ');
  };
  expect(await textWith(0.05)).toContain(`trained for ${trained} over 199,523 rows. Twice the ${what} brought`);
  const limited = await textWith(0.5);
  expect(limited).toContain(
    `No gain has a verdict: after ${trained} over 199,523 rows the models are still limited by steps. Twice the ${what}`,
  );
  expect(limited).toContain(`Train on more ${what}, or at a higher rate.`);
});
