import { expect, test } from 'vitest';
import { isIntact, sealed } from './checksum.js';

test('a checksum is of everything but the time that was taken', () => {
  const document = sealed({ auc: 0.7, timing: { seconds: 1 } });
  expect(sealed({ auc: 0.7, timing: { seconds: 2 } }).sha256).toBe(document.sha256);
  expect([isIntact(document), isIntact({ ...document, auc: 0.8 }), isIntact({ auc: 0.7 })]).toEqual([
    true,
    false,
    null,
  ]);
});
