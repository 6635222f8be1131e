import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ple, pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { configIn, folderWith, library, model, runsIn } from './plugins.fixture.js';

// Plugins import the built program: what uses their parts starts it. Others are refused before, or import nothing.

test('a run of a plugin’s model keeps the plugin with its SHA-256, is found again, and refuses a changed plugin', async () => {
  const { folder, plugin, train } = folderWith("export * from './model.js';\n");
  const imported = join(folder, 'model.ts');
  writeFileSync(imported, model('mine'));
  await succeeded(train('train.epochs=1'));
  const [run = ''] = runsIn(folder);
  const path = join(folder, 'runs', run);
  expect(configIn(path)).toMatchObject({
    model: { type: 'mine', levels: [[8]], tower: [4] },
    plugins: [{ file: plugin, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), parts: ['model mine'] }],
  });
  // From another folder, by what the run keeps.
  const again = await ple(['train', '--resume', path], { cwd: temporaryFolder() });
  expect(again.stderr).toContain('is finished already');

  const predicted = await pleHere(['predict', path, 'rows.csv']);
  expect([predicted.status, predicted.stderr]).toEqual([
    2,
    `ple: ${path} needs a plugin for its model mine: name the file, and its code runs (--plugin ${plugin}).\n`,
  ]);
  await succeeded(pleHere(['report', path])); // it reads no plugin

  writeFileSync(imported, `${model('mine')}// changed\n`);
  const resumed = await pleHere(['train', '--resume', path]);
  expect([resumed.status, resumed.stdout]).toEqual([2, '']);
  expect(resumed.stderr).toMatch(
    /^ple: \S+mine\.ts has changed: its SHA-256 was [0-9a-f]{64} and is [0-9a-f]{64}\. Put [^\n]+\n$/,
  );
});

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
