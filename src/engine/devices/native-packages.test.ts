import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hasTfjsBinding, readTfjsPackage } from './native-packages.js';

const name = '@tensorflow/tfjs-node-gpu';

/** A project with these files below node_modules; the path of a module in it. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-packages-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries({
    ...files,
    '@tensorflow/tfjs/package.json': '{}',
    '@tensorflow/tfjs/index.js': '',
  })) {
    const file = join(folder, 'node_modules', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(folder, 'main.js');
}

test('a package without its native library', () => {
  const from = project({ [`${name}/package.json`]: '{ "version": "4.22.0" }', [`${name}/lib/readme`]: '' });
  expect(readTfjsPackage(name, from)).toEqual({ version: '4.22.0', native: false, sharesTfjs: true });
});

test('a package with it', () => {
  const from = project({
    [`${name}/package.json`]: '{ "version": "4.22.0" }',
    [`${name}/lib/napi-v8/tfjs_binding.node`]: '',
  });
  expect(readTfjsPackage(name, from)).toEqual({ version: '4.22.0', native: true, sharesTfjs: true });
  expect(hasTfjsBinding(join(dirname(from), 'node_modules', name))).toBe(true);
});

test('a package with a tfjs of its own', () => {
  const own = `${name}/node_modules/@tensorflow/tfjs`;
  const from = project({ [`${name}/package.json`]: '{}', [`${own}/package.json`]: '{}', [`${own}/index.js`]: '' });
  expect(readTfjsPackage(name, from)).toMatchObject({ sharesTfjs: false });
});
