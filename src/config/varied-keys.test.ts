import { expect, test } from 'vitest';
import { changed, failure, parse } from './comparison.fixture.js';

const withKey = (key: string, value: string) => changed('  seeds:', `  ${key}: ${value}\n  seeds:`);

test.each(['axes', 'tune'])('a key that cannot be varied by %s', (key) => {
  for (const name of ['seed', 'model', 'engine.threads']) {
    const text = withKey(key, `{ train.epochs: [1], ${name}: [1] }`);
    expect(failure(text)).toMatch(new RegExp(`^c\\.yaml:9:.*'compare\\.${key}\\.${name}': cannot be varied here`));
    const parts = `${key === 'axes' ? 'dataset, ' : ''}inputs, tasks, model, loss or train`;
    expect(failure(text)).toContain(`name a key below ${parts}`);
  }
});

test.each(['axes', 'tune'])('a key or a value of %s that a run does not take', (key) => {
  expect(failure(withKey(key, '{ train.epoch: [1] }'))).toMatch(
    /^c\.yaml:9:25: 'train\.epoch': unknown key \(did you mean 'epochs'/,
  );
  expect(failure(withKey(key, '{ train.epochs: [1, much] }'))).toMatch(/^c\.yaml:9:29: 'train\.epochs'/);
});

test('a key of the data that is tuned: every model would choose its own', () => {
  const message = /^c\.yaml:9:11: 'compare\.tune\.dataset': cannot be tuned: .*same data and split/;
  expect(failure(withKey('tune', '{ dataset: [{ loader: file, path: b }] }'))).toMatch(message);
  expect(parse(withKey('axes', '{ dataset.mixing: [0, 1] }')).points).toHaveLength(2);
});

test.each([
  ['axes', 'tasks.0.name', '[click, buy]', 'click: binary, watch: regression; buy: binary, watch: regression'],
  ['tune', 'tasks.0.type', '[binary, regression]', 'click: binary, watch: regression; click: regression, '],
])('%s that vary %s', (part, key, values, tasks) => {
  const message = failure(
    withKey(part, `{ tasks.1.standardize: [true, false], train.epochs: [1], ${key}: ${values} }`),
  );
  expect(message).toMatch(/^c\.yaml:2:1: 'compare': a value gives other tasks \(/);
  expect(message).toContain(tasks);
});
