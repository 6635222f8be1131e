import { test } from 'vitest';
import { binaryFiles, expectAnEnd, expectReadOrRefused } from './damaged-binary-files.fixture.js';

test.each(binaryFiles)('%s: 90 damaged ones are read, or refused with the file and a reason', (name) =>
  expectReadOrRefused(name, 90),
);

test.each(['file', 'stream'] as const)('Arrow %s: 150 damaged lengths and offsets are no endless loop', (format) =>
  expectAnEnd(format, 150),
);
