import { test } from 'vitest';
import { binaryFiles, expectReadOrRefused } from './damaged-binary-files.fixture.js';

test.each(binaryFiles)('%s: 9 damaged ones are read, or refused with the file and a reason', (name) =>
  expectReadOrRefused(name, 9),
);
