import { expect, test } from 'vitest';
import { funnelFile } from '../funnel/funnel-file.js';

import { syntheticFile } from './synthetic-file.js';

test.each([[funnelFile], [syntheticFile]])(
  '$name: a file has a seed of its own, and a number of rows',
  ({ options }) => {
    expect(options.parse({})).toMatchObject({ rows: 10_000, seed: 0 });
    for (const wrong of [{ seed: 'run' }, { rows: 0 }]) expect(options.safeParse(wrong).success).toBe(false);
  },
);
