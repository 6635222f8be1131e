import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { ple, succeeded, temporaryFolder } from './command.fixture.js';

/** A control of configs/control; its own draw is none of those that docs/results.md reports. */
async function compared(name: string, ...words: readonly string[]): Promise<Comparison> {
  const config = resolve(import.meta.dirname, '../../configs/control', `${name}.yaml`);
  const { stdout } = await succeeded(
    ple(['compare', '--config', config, '--jobs', '2', '--json', ...words], { cwd: temporaryFolder() }),
  );
  return JSON.parse(stdout);
}

const verdicts = ({ models, gains }: Comparison) =>
  models
    .slice(1)
    .map(({ label }) =>
      gains.flatMap(({ family, model, mean, verdict }) =>
        family === 'models' && model === label && !mean ? [verdict] : [],
      ),
    );

test('seesaw: hard sharing is worse on y1 and better on y2', async () => {
  const models =
    'compare.models=[{ type: single-task, levels: [[48], [24]], tower: [] }, { type: hard-sharing, levels: [[48]], tower: [24] }]';
  expect(verdicts(await compared('seesaw', models))).toEqual([['worse', 'better']]);
});

test('gain: a joint model is better on both tasks', async () => {
  const models =
    'compare.models=[{ type: single-task, levels: [[32], [16]], tower: [] }, { type: mmoe, levels: [[32]], tower: [16], experts: 3 }]';
  expect(verdicts(await compared('gain', models, 'compare.seeds=5'))).toEqual([['better', 'better']]);
});

test('null: nothing is better or worse', async () => {
  const found = verdicts(await compared('null')).flat();
  expect(found).toHaveLength(4);
  for (const verdict of found) expect(verdict).toMatch(/^(undecided|equivalent)$/);
});
