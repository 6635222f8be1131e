import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, temporaryFolder } from './command.fixture.js';
import { folderWith, library, model } from './plugins.fixture.js';

// Plugins that are refused. The slow suite has those that the built program imports.

test('a plugin without a part is refused', async () => {
  const { folder, config } = folderWith('export const one = 1;');
  const refused = await pleHere(['train', config], { cwd: folder });
  expect([refused.status, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain(`mine.ts exports nothing that ${library} can use`);
});

test('a plugin that is not there is refused; an override’s path is relative to the working folder', async () => {
  const { config } = folderWith(model('mine'));
  const folder = temporaryFolder();
  const { stderr } = await pleHere(['train', config, 'plugins=[other.ts]'], { cwd: folder });
  expect(stderr).toBe(
    `ple: override 'plugins=[other.ts]': 'plugins.0': there is no file ${join(folder, 'other.ts')}.\n`,
  );
});
