import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readDocument } from '../../config/document.js';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { encode } from '../encode/encode.js';
import { open } from '../table/table-loader.fixture.js';
import * as pages from './aliexpress.fixture.js';
import * as videos from './kuairand.fixture.js';

test.each(['kuairand/compare', 'recipes/kuairand-stem', 'aliexpress/compare', 'recipes/aliexpress-mtreclib'])(
  'the shipped config %s names inputs and tasks that there are',
  async (config) => {
    const path = temporaryFolder();
    const made = videos.makeLines({ earlier: 300, later: 130, random: 80, users: 20, videos: 30 });
    videos.writeFiles(path, made);
    pages.writeFiles(path, pages.makeLines(400, 1), pages.makeLines(120, 2));
    const file = resolve(import.meta.dirname, `../../../configs/${config}.yaml`);
    const folder = config.includes('kuairand') ? path : join(path, 'AliExpress_NL');
    const { value } = readDocument(readFileSync(file, 'utf8'), file, [`dataset.folder=${folder}`]);
    const shape = z.looseObject({ dataset: z.looseObject({}), inputs: inputsSchema, tasks: z.array(taskSchema) });
    const { dataset, inputs, tasks } = shape.parse(value);
    const encoded = await encode(await open(dataset), inputs, tasks);
    expect(encoded.tasks.map(({ name }) => name)).toEqual(tasks.map(({ name }) => name));
  },
);
