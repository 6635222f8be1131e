import { expect, test } from 'vitest';
import { addressOf } from './address.js';

test('user and password come from the address, else from the environment, and are in no message', () => {
  const environment = { PLE_QUEUE_USERNAME: 'ada', PLE_QUEUE_PASSWORD: 'from outside' };
  const outside = addressOf('redis://[::1]:7000/3', environment);
  expect(outside.options).toEqual({ host: '::1', port: 7000, db: 3, username: 'ada', password: 'from outside' });
  const inside = addressOf('redis://eve:p%40ss@queue', environment);
  expect(inside.options).toMatchObject({ port: 6379, username: 'eve', password: 'p@ss' });
  expect([outside.shown, inside.shown]).toEqual(['[::1]:7000/3', 'queue:6379']);
  expect(() => addressOf('redis://:100%@queue', {})).toThrow(
    /^The user and the password of the queue at queue:6379 must/,
  );
});
