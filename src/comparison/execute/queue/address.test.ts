import { expect, test } from 'vitest';
import { addressOf } from './address.js';

test('an address has host, port and database, and what messages say of it', () => {
  expect(addressOf('redis://queue', {})).toEqual({
    shown: 'queue:6379',
    options: { host: 'queue', port: 6379, db: 0 },
  });
  expect(addressOf('redis://[::1]:7000/3', {})).toEqual({
    shown: '[::1]:7000/3',
    options: { host: '::1', port: 7000, db: 3 },
  });
});

test('user and password come from the address, else from the environment, and are in no message', () => {
  const environment = { PLE_QUEUE_USERNAME: 'ada', PLE_QUEUE_PASSWORD: 'from outside' };
  const outside = addressOf('redis://queue', environment);
  expect(outside.options).toMatchObject({ username: 'ada', password: 'from outside' });
  const inside = addressOf('redis://eve:p%40ss@queue', environment);
  expect(inside.options).toMatchObject({ username: 'eve', password: 'p@ss' });
  expect([outside.shown, inside.shown]).toEqual(['queue:6379', 'queue:6379']);
  expect(() => addressOf('redis://:100%@queue', {})).toThrow(
    /^The user and the password of the queue at queue:6379 must/,
  );
});
