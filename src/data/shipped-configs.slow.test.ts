import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../cli/command.fixture.js';
import { inputsSchema, taskSchema } from '../config/parts.js';
import * as pages from './aliexpress/aliexpress.fixture.js';
import { aliexpress } from './aliexpress/aliexpress.js';
import { encode } from './encode/encode.js';
import * as videos from './kuairand/kuairand.fixture.js';
import { kuairand } from './kuairand/kuairand.js';

test.each([
  ['kuairand/compare', kuairand],
  ['recipes/kuairand-stem', kuairand],
  ['aliexpress/compare', aliexpress],
  ['recipes/aliexpress-mtreclib', aliexpress],
] as const)('the shipped config %s names inputs and tasks that there are', async (config, loader) => {
  const path = temporaryFolder();
  const made = videos.makeLines({ earlier: 300, later: 130, random: 80, users: 20, videos: 30 });
  for (const version of ['pure', '1k']) videos.writeFiles(path, made, version);
  pages.writeFiles(path, pages.makeLines(400, 1), pages.makeLines(120, 2));
  const file = resolve(import.meta.dirname, `../../configs/${config}.yaml`);
  const { dataset, inputs, tasks } = parse(readFileSync(file, 'utf8'));
  const options = { ...dataset, path, cache: join(path, 'cache') };
  const source = await loader.open(options, { seed: 1, note: () => undefined });
  const listed = tasks.map((task: unknown) => taskSchema.parse(task));
  const encoded = await encode(source, inputsSchema.parse(inputs), listed);
  expect(encoded.tasks.map(({ name }) => name)).toEqual(source.tasks.map(({ name }) => name));
});
