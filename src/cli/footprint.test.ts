import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { censusConfig, listContents, ple, succeeded } from './command.fixture.js';
import { effects, newUser } from './footprint.fixture.js';

test('a comparison and its child processes write nothing outside its folder and the named cache, and contact no address', async () => {
  const user = newUser();
  const config = censusConfig(user.work);
  const models =
    '[{ type: single-task, levels: [[8]], tower: [] }, { type: cgc, levels: [[8]], tower: [], experts: 1 }]';
  const text = readFileSync(config, 'utf8').replace(/^model: .*$/m, `compare: { seeds: 1, models: ${models} }`);
  writeFileSync(config, text);
  const words = ['compare', '--config', config, '--runs', 'results', '--jobs', '2'];
  const before = listContents(user.work);
  await succeeded(ple(words, { cwd: user.work, env: user.env, nodeOptions: effects }));

  const [runs, cache] = [join(user.work, 'results'), join(user.work, 'cache')];
  const written = user.lines('write');
  expect(written).toEqual(expect.arrayContaining([join(runs, 'census/comparison.json'), cache]));
  expect(written.filter((path) => path.endsWith('/result.json'))).toHaveLength(2); // by the children
  const isBelow = (path: string) => [runs, cache].some((allowed) => `${path}/`.startsWith(`${allowed}/`));
  expect(written.filter((path) => !isBelow(path))).toEqual([]);
  expect(user.lines('connect')).toEqual([]);
  // What native code writes is not recorded: ONNX Runtime's telemetry would show below the home folder.
  expect(listContents(user.home)).toEqual(['cache', 'tmp']);
  const added = listContents(user.work).filter((path) => !before.includes(path));
  expect(added.filter((path) => path.endsWith('.duckdb'))).toHaveLength(1);
  expect(added.filter((path) => !/^(cache|results)(\/|$)/.test(path))).toEqual([]);
});

test('the recorder sees what these tests forbid', async () => {
  const user = newUser();
  const script = `
    import { appendFileSync, createWriteStream, writeFileSync } from 'node:fs';
    import { open } from 'node:fs/promises';
    import http from 'node:http';
    writeFileSync('a', ''); appendFileSync('b', ''); await (await open('c', 'w')).close(); createWriteStream('d').end();
    await fetch('http://127.0.0.1:65530/').catch(() => undefined);
    try { http.get('http://localhost:65530/').on('error', () => undefined); } catch {}`;
  const nodeOptions = [...effects, '--import', `data:text/javascript,${encodeURIComponent(script)}`];
  await ple(['--version'], { cwd: user.work, env: user.env, nodeOptions });
  expect(user.lines('write').toSorted()).toEqual(['a', 'b', 'c', 'd'].map((name) => join(user.work, name)));
  expect(user.lines('connect').some((line) => line.includes('"127.0.0.1"'))).toBe(true); // fetch
  expect(user.lines('connect').some((line) => line.includes('"localhost"'))).toBe(true); // node:http
});
