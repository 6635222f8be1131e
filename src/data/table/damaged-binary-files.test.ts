import { test } from 'vitest';
import { binaryFiles, expectAnEnd, expectReadOrRefused } from './damaged-binary-files.fixture.js';

test.each(binaryFiles)('%s: 9 damaged ones are read, or refused with the file and a reason', (name) =>
  expectReadOrRefused(name, 9),
);

test.each(['file', 'stream'] as const)('Arrow %s: 24 damaged lengths and offsets are no endless loop', (format) =>
  expectAnEnd(format, 24),
);
