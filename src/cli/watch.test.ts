import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writePlan } from '../comparison/stored/plan-file.js';
import { storeRun } from '../comparison/stored/stored-run.fixture.js';
import { type Live, livePage } from '../report/watch/live-page.js';
import { serve } from '../report/watch/serve.js';
import { acquireLock } from '../support/lock.js';
import { pleHere, temporaryFolder } from './command.fixture.js';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request as it is written: `fetch` would tidy the path and refuse a foreign host. */
function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((done, fail) => {
    const sent = request({ hostname, port, path, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', fail).end();
  });
}

async function liveAt(url: string, since = ''): Promise<Live> {
  return JSON.parse((await ask(url, `/live?since=${since}`)).body);
}

/** The page of a folder, at any free port. */
async function watched(folder: string): Promise<string> {
  const served = await serve({ host: '127.0.0.1', port: 0 }, livePage(folder));
  onTestFinished(() => served.close());
  return served.url;
}

function sectionOf({ sections }: Live, id: string): string {
  return sections?.find((section) => section.id === id)?.html ?? '';
}

const markup = `<script>alert("1")</script>`;
const escaped = '&lt;script&gt;';
const task = { type: 'binary', logits: [1, -1, 2, 0], labels: [1, 0, 1, 0] } as const;

async function trainingRun(folder: string): Promise<string> {
  const tasks = { [markup]: task, y2: task };
  const path = await storeRun(join(folder, 'run'), { name: 'one', seed: 1, tasks, train: { epochs: 9 } });
  rmSync(join(path, 'result.json'));
  const { release } = acquireLock(path);
  onTestFinished(release);
  return path;
}

test('names a folder that is not there, and a port that is none', async () => {
  const missing = await pleHere(['watch', 'nowhere'], { cwd: temporaryFolder() });
  expect([missing.status, missing.stdout]).toEqual([2, '']);
  expect(missing.stderr).toBe(
    'ple: There is no folder nowhere and none below runs: name a run or a comparison that has started.\n',
  );
  const { status, stderr } = await pleHere(['watch', '.', '--port=65536']);
  expect([status, stderr]).toEqual([2, 'ple: --port 65536: give a port from 0 to 65535.\n']);
});

test('the server has a strict policy, and answers GET and HEAD only', async () => {
  const url = await watched(await trainingRun(temporaryFolder()));
  const { status, headers, body } = await ask(url, '/');
  expect(status).toBe(200);
  const policy = String(headers['content-security-policy']);
  expect(policy).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[^' ]+'; /);
  expect(policy).toContain("connect-src 'self'; frame-ancestors 'none'");
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  expect(headers['access-control-allow-origin']).toBeUndefined();
  expect(body).not.toMatch(/https?:\/\//);
  expect(await ask(url, '/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])
    expect(await ask(url, '/live', { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
});

test('the server answers to names of this machine only', async () => {
  const url = await watched(await trainingRun(temporaryFolder()));
  const statusFor = async (Host: string) => (await ask(url, '/live', { headers: { Host } })).status;
  for (const host of ['localhost', '127.0.0.1:1', '[::1]:6107']) expect(await statusFor(host), host).toBe(200);
  for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1'])
    expect(await statusFor(host), host).toBe(403);
});

test('the page of a run grows with it; names are text, and a torn line is left out', async () => {
  const path = await trainingRun(temporaryFolder());
  const url = await watched(path);
  const first = await liveAt(url);
  expect(first).toMatchObject({
    running: true,
    name: 'one',
    state: 'Running: epoch 3 of at most 9 done.',
    title: 'epoch 3 · one',
  });
  const curves = sectionOf(first, 'learning');
  expect(curves).toContain(escaped);
  expect(curves).not.toContain('<script');
  expect(curves).toContain('role="img"');
  expect(curves).not.toContain('epoch 4');

  const file = join(path, 'epochs.jsonl');
  const line = (readFileSync(file, 'utf8').split('\n')[0] ?? '').replace('"epoch":1', '"epoch":4');
  appendFileSync(file, line.slice(0, 30));
  expect(await liveAt(url, first.version)).toMatchObject({ state: first.state, sections: null });
  appendFileSync(file, `${line.slice(30)}\n`);
  const next = await eventually(async () => {
    const live = await liveAt(url, first.version);
    return live.sections ? live : undefined;
  });
  expect(next.state).toBe('Running: epoch 4 of at most 9 done.');
  expect(sectionOf(next, 'learning')).toContain('epoch 4');
});

test('the page of a finished run is that of its report', async () => {
  const path = await storeRun(join(temporaryFolder(), 'run'), { name: 'one', seed: 1, tasks: { [markup]: task } });
  const live = await liveAt(await watched(path));
  expect(live).toMatchObject({ running: false, state: 'Finished after 3 epochs.' });
  expect(live.sections?.map(({ id }) => id)).toEqual(expect.arrayContaining(['metrics', 'learning', 'calibration']));
  expect(sectionOf(live, 'metrics')).toContain(escaped);
  for (const { html } of live.sections ?? []) expect(html).not.toContain('<script');
});

test('the page of a comparison names what trains, what failed and what is done; damaged files are named, and do not end it', async () => {
  const folder = temporaryFolder();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name));
  for (const path of [a, b, c]) {
    mkdirSync(path ?? '');
    await storeRun(path ?? '', { name: 'm', seed: 1, tasks: { [markup]: task } });
  }
  rmSync(join(b ?? '', 'result.json'));
  rmSync(join(c ?? '', 'result.json'));
  appendFileSync(
    join(c ?? '', 'log.jsonl'),
    `${JSON.stringify({ msg: 'failed', error: `${markup} broke`, time: 1 })}\n`,
  );
  const row = (label: string, path: string) => ({ label, type: 'ple', axis: {}, runs: [{ seed: 1, path }] });
  await writePlan(folder, {
    ...{ stage: 'runs', name: 'c', baseline: markup, seeds: [1], axes: {} },
    tasks: [{ name: markup, metric: 'auc' }],
    rows: [row(markup, 'a'), row('"><img onerror=alert(1)>', 'b'), row('third', 'c')],
  });
  for (const path of [folder, b]) onTestFinished(acquireLock(path ?? '').release);
  const url = await watched(folder);
  const live = await liveAt(url);
  expect(live.state).toBe('Running: 1 of 3 runs done, 1 training now, 1 failed.');
  expect(sectionOf(live, 'now')).toContain('&gt;&lt;img onerror=alert(1)&gt;, seed 1');
  expect(sectionOf(live, 'failed')).toContain(`third, seed 1: ${escaped}`);
  expect(sectionOf(live, 'so-far')).toMatch(/1 of 1/);
  expect(sectionOf(live, 'live')).toContain('validation AUC');
  for (const { html } of live.sections ?? []) expect(html).not.toMatch(/<script|<img/);

  appendFileSync(join(b ?? '', 'config.yaml'), '\n: [');
  appendFileSync(join(folder, 'plan.json'), '{');
  const damaged = await liveAt(url);
  expect(damaged.state).toMatch(/^Cannot read .*plan\.json/);
  rmSync(folder, { recursive: true });
  expect((await liveAt(url)).state).toBe(`${folder} is gone.`);
});

async function eventually<Value>(attempt: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
  }
}
