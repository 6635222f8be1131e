import { test } from 'vitest';
import { expectLogOdds } from './funnel-networks.fixture.js';

test('plays and VCR have the log-odds of their network, and nothing else', () =>
  expectLogOdds({
    rows: { train: 12_000, validation: 1, test: 1 },
    ...{ correlation: 0.3, strength: 2, noise: 0.7, autoplay: { play: 0.8, relation: -0.5 } },
  }));
