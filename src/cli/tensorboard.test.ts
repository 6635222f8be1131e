import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEvents } from '../tracking/event-reader.fixture.js';
import { pleHere, smallConfig, succeeded, temporaryFolder } from './command.fixture.js';
import { epochsIn, jsonIn, runBits, runIn } from './tracked-run.fixture.js';

/** Every number of a line of epochs.jsonl but the epoch, by the path of its keys. */
function numbersIn(value: unknown, path: readonly string[] = []): [string, number][] {
  if (typeof value === 'number') return path[0] === 'epoch' ? [] : [[path.join('/'), Math.fround(value)]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => numbersIn(item, [...path, key]));
}

test('an event file has every number of epochs.jsonl, the parameters and the test metrics', async () => {
  const folder = temporaryFolder();
  const config = smallConfig(folder);
  appendFileSync(config, 'loss: { balancing: { type: pcgrad } }\n');
  const [plain, tracked] = [join(folder, 'plain'), join(folder, 'tracked')];
  for (const words of [
    ['--runs', plain],
    ['--runs', tracked, 'tracking.tensorboard=true'],
  ]) {
    await succeeded(pleHere(['train', '--config', config, ...words]));
  }
  const again = await succeeded(pleHere(['train', '--config', config, '--runs', plain, 'tracking.tensorboard=true']));
  expect(again.stderr).toContain('note: 1 finished run will not be in TensorBoard: only runs that train are tracked.');
  const run = runIn(tracked);
  expect(run.slice(tracked.length)).toBe(runIn(plain).slice(plain.length)); // tracking is not in the hash
  expect(runBits(run)).toEqual(runBits(runIn(plain)));
  expect(existsSync(join(runIn(plain), 'tensorboard'))).toBe(false);

  const { scalars, hparams } = readEvents(run);
  const result = jsonIn(run, 'result.json');
  const epochs = epochsIn(run);
  expect(epochs).toHaveLength(4);
  const expected = epochs.flatMap((record) => numbersIn(record).map(([name, value]) => [name, record.epoch, value]));
  const end = Object.entries({
    'test/y1': result.tasks.y1.test,
    'test/y2': result.tasks.y2.test,
    bestEpoch: result.bestEpoch,
    parameters: result.parameters,
  }).flatMap(([name, value]) => numbersIn(value, [name]).map(([path, number]) => [path, 4, number]));
  expect(scalars.toSorted()).toEqual([...expected, ...end].toSorted());

  expect(hparams['_hparams_/session_start_info']).toMatchObject({ seed: 3, 'model.levels': '[[8],[8]]' });
  expect(hparams['_hparams_/session_end_info']).toEqual({ status: 1 });
});
