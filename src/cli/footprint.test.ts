import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { censusConfig, contentsOf, ple, smallConfig, temporaryFolder } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';

const effects = ['--import', resolve(import.meta.dirname, 'effects.fixture.mjs')];

/** Folders as of a new user, empty, in which nobody has switched telemetry off; CI is unset, as it hides ONNX Runtime's. */
function newUser() {
  const folder = temporaryFolder();
  const home = join(folder, 'home');
  const work = join(folder, 'work');
  for (const path of [home, work, join(home, 'cache'), join(home, 'tmp')]) mkdirSync(path);
  const effectsFile = join(folder, 'effects');
  return {
    home,
    work,
    env: {
      HOME: home,
      XDG_CACHE_HOME: join(home, 'cache'),
      XDG_CONFIG_HOME: undefined,
      XDG_DATA_HOME: undefined,
      XDG_STATE_HOME: undefined,
      TMPDIR: join(home, 'tmp'),
      CI: undefined,
      ORT_DISABLE_TELEMETRY: undefined,
      EFFECTS_FILE: effectsFile,
    },
    lines: (kind: 'write' | 'connect') =>
      [...new Set(readFileSync(effectsFile, 'utf8').split('\n'))]
        .filter((line) => line.startsWith(`${kind} `))
        .map((line) => line.slice(kind.length + 1)),
  };
}

test('a run writes nothing outside the folder of runs and contacts no address', async () => {
  const user = newUser();
  const words = ['train', '--config', smallConfig(user.work), '--runs', 'results'];
  const before = contentsOf(user.work);
  const finished = await ple(words, { cwd: user.work, env: user.env, nodeOptions: effects });
  expect(finished.status, finished.stderr).toBe(0);

  const runs = join(user.work, 'results');
  const [run] = contentsOf(runs);
  const folder = join(runs, String(run));
  const written = user.lines('write');
  expect(written).toContain(join(folder, 'result.json'));
  expect(written).toContain(join(folder, 'checkpoints/last.safetensors'));
  // The folder that --runs names is made; beside the run nothing is.
  expect(written.filter((path) => ![runs, folder].includes(path) && !path.startsWith(`${folder}/`))).toEqual([]);
  expect(user.lines('connect')).toEqual([]);
  // What native code writes is not recorded: ONNX Runtime's telemetry would show below the home folder.
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
  expect(contentsOf(user.work).filter((path) => !before.includes(path) && !path.startsWith('results'))).toEqual([]);
});

test('prepared data goes to the cache folder that is named, and stays nowhere if none is', async () => {
  const user = newUser();
  const config = censusConfig(user.work);
  const before = contentsOf(user.work);
  for (const [cache, runs] of [
    [join(user.work, 'cache'), 'results'],
    ['null', 'others'],
  ] as const) {
    const words = ['train', '--config', config, '--runs', runs, `dataset.cache=${cache}`];
    const finished = await ple(words, { cwd: user.work, env: user.env, nodeOptions: effects });
    expect(finished.status, finished.stderr).toBe(0);
  }
  const added = contentsOf(user.work).filter((path) => !before.includes(path));
  expect(added.filter((path) => path.startsWith('cache/') && path.endsWith('.duckdb'))).toHaveLength(1);
  expect(added.filter((path) => !/^(cache|results|others)(\/|$)/.test(path))).toEqual([]);
  const allowed = ['cache', 'results', 'others'].map((name) => join(user.work, name));
  const temporary = join(user.home, 'tmp'); // for as long as the process lives
  const isAllowed = (path: string) => [...allowed, temporary].some((folder) => path.startsWith(folder));
  expect(user.lines('write').filter((path) => !isAllowed(path))).toEqual([]);
  expect(user.lines('connect')).toEqual([]);
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
});

test('a comparison and its child processes write nothing outside its folder and contact no address', async () => {
  const user = newUser();
  const words = [
    'compare',
    '--config',
    smallComparison(user.work),
    '--runs',
    'results',
    '--jobs',
    '2',
    'compare.seeds=1',
  ];
  const before = contentsOf(user.work);
  const finished = await ple(words, { cwd: user.work, env: user.env, nodeOptions: effects });
  expect(finished.status, finished.stderr).toBe(0);

  const folder = join(user.work, 'results');
  const written = user.lines('write');
  expect(written).toContain(join(folder, 'small/comparison.json'));
  expect(written).toContain(join(folder, 'small/report.html'));
  expect(written.filter((path) => path.endsWith('/result.json'))).toHaveLength(3); // by the children
  expect(written.filter((path) => path !== folder && !path.startsWith(`${folder}/`))).toEqual([]);
  expect(user.lines('connect')).toEqual([]);
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
  expect(contentsOf(user.work).filter((path) => !before.includes(path) && !path.startsWith('results'))).toEqual([]);
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

test('ple doctor leaves nothing in the folders of its user: drivers keep compiled shaders in a cache', async () => {
  const user = newUser();
  const { status, stderr } = await ple(['doctor', '--json'], { cwd: user.work, env: user.env });
  expect(status, stderr).toBe(0);
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
});
