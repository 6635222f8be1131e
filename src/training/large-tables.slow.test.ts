import { test } from 'vitest';
import { models } from '../models/catalogue.js';
import { expectSameOnHost } from './large-tables.fixture.js';

test.each(models.names)('%s has the bits of dense tables with tables on the host', expectSameOnHost);
