import { test } from 'vitest';
import { expectLoadedOrRefused } from './damaged-files.fixture.js';

test('400 damaged files either load or are refused with the file and a reason', () => expectLoadedOrRefused(400));
