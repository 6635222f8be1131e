import { expect, test } from 'vitest';
import { ConfigError, DataError } from './errors.js';
import { Faults } from './faults.js';

const failing = (error: Error) => () => {
  throw error;
};

test('all mistakes are told, each once, in the order of their lines; other errors end the check', () => {
  const faults = new Faults();
  expect(faults.of(() => 1, 0)).toBe(1);
  expect(() => faults.tell()).not.toThrow();
  expect(faults.of(failing(new ConfigError('c.yaml:10:1: b.', 'c.yaml:2:1: a.')), 0)).toBe(0);
  faults.add(new ConfigError('c.yaml:10:1: b.'));
  expect(() => faults.tell()).toThrow(new ConfigError('c.yaml:2:1: a.', 'c.yaml:10:1: b.'));
  expect(() => faults.of(failing(new DataError('no file')), 0)).toThrow('no file');
});
