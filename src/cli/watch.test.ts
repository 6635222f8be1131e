import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { getPriority, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { writePlan } from '../comparison/stored/plan-file.js';
import { storeRun } from '../comparison/stored/stored-run.fixture.js';
import { type Live, livePage } from '../report/watch/live-page.js';
import { serve } from '../report/watch/serve.js';
import { acquireLock } from '../support/lock.js';
import { contentsOf, ple, pleHere, temporaryFolder } from './command.fixture.js';
import { comparisonIn, type Started, smallComparison, startPle, until } from './compare.fixture.js';

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

describe('the program', () => {
  /** Starts the program, and waits for the address that it prints. */
  async function started(
    words: readonly string[],
    nodeOptions: readonly string[] = [],
    exit = 0,
  ): Promise<{ readonly program: Started; readonly url: string }> {
    const program = startPle(['watch', ...words], { nodeOptions });
    onTestFinished(async () => {
      if (program.isRunning()) process.kill(program.pid, 'SIGTERM');
      expect((await program.finished).status).toBe(exit);
    });
    const url = await until('an address', () =>
      /^http:\/\/(127\.0\.0\.1|localhost):\d+\/\n/.exec(program.stdout())?.[0].trim(),
    );
    return { program, url };
  }

  test('names a folder that is not there', async () => {
    const { status, stdout, stderr } = await pleHere(['watch', 'nowhere'], { cwd: temporaryFolder() });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'ple: There is no folder nowhere and none below runs: name a run or a comparison that has started.\n',
    );
  });

  test('follows a comparison from its start to its end, changes no file of it, and ends at Ctrl-C with exit 0', async () => {
    const folder = temporaryFolder();
    const runs = join(folder, 'runs');
    const compared = startPle(['compare', smallComparison(folder), '--runs', runs, '--jobs', '1', 'train.epochs=8']);
    await until('a folder', () => contentsOf(folder).includes('runs/small'));
    const { program, url } = await started(['small', '--runs', runs, '--port', '0']);
    const states: string[] = [];
    let last = await liveAt(url);
    while (last.running) {
      states.push(last.state);
      last = await liveAt(url);
    }
    expect((await compared.finished).status).toBe(0);
    const done = states.flatMap((state) => /^Running: (\d) of 6 runs done/.exec(state)?.[1] ?? []);
    expect(done).toEqual(done.toSorted());
    expect(new Set(done).size).toBeGreaterThan(2);

    const before = [contentsOf(folder), comparisonIn(join(runs, 'small'))];
    const end = await liveAt(url);
    expect(end).toMatchObject({ running: false, name: 'small', state: 'Finished: 6 of 6 runs done.' });
    const ids = end.sections?.map(({ id }) => id) ?? [];
    expect(ids).toEqual(expect.arrayContaining(['found', 'models', 'forest', 'scatter', 'numbers', 'live', 'experts']));
    expect(await liveAt(url, end.version)).toMatchObject({ sections: null });
    expect([contentsOf(folder), comparisonIn(join(runs, 'small'))]).toEqual(before);
    for (const { html } of end.sections ?? []) expect(html).not.toMatch(/(href|src)="(?!#)/);

    process.kill(program.pid, 'SIGINT');
    expect(await program.finished).toMatchObject({
      status: 0,
      stdout: `${url}\n`,
      stderr: `Watching ${join(runs, 'small')}. Ctrl-C ends it.\n`,
    });
  });

  test('names a port that is in use, and takes the next one where none is named', async () => {
    const folder = temporaryFolder();
    await trainingRun(folder);
    const other = createServer();
    const port = await new Promise<number>((done) => {
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        done(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
    onTestFinished(() => void other.close());
    const { status, stdout, stderr } = await ple(['watch', join(folder, 'run'), '--port', String(port)]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `ple: Port ${port} of 127.0.0.1 is in use: give another with --port N, or leave it out for the next that is free.\n`,
    );
    const live = livePage(join(folder, 'run'));
    const [first, second] = [
      await serve({ host: '127.0.0.1', port: undefined }, live),
      await serve({ host: '127.0.0.1', port: undefined }, live),
    ];
    onTestFinished(async () => {
      await first.close();
      await second.close();
    });
    expect(second.port).toBeGreaterThan(first.port);
    expect(first.port).toBeGreaterThanOrEqual(6107);
  });

  test('--host 0.0.0.0 says who can read the page, and answers to any name', async () => {
    const folder = temporaryFolder();
    await trainingRun(folder);
    const { program, url } = await started([join(folder, 'run'), '--host', '0.0.0.0', '--port', '0']);
    await until('a note', () => /note: --host 0\.0\.0\.0: everybody who reaches port \d+/.test(program.stderr()));
    expect((await ask(url, '/', { headers: { Host: 'machine.example:1' } })).status).toBe(200);
  });

  test('lowers its priority, and leaves a lower one as it is', async () => {
    const folder = await storeRun(join(temporaryFolder(), 'run'), { name: 'one', seed: 1, tasks: { y: task } });
    const low = `data:text/javascript,import os from 'node:os'; os.setPriority(19);`;
    const lower = await started([folder, '--port', '0'], ['--import', low]);
    expect(getPriority(lower.program.pid)).toBe(19);
    const usual = await started([folder, '--port', '0']);
    expect(getPriority(usual.program.pid)).toBe(Math.max(10, getPriority()));
  });

  test('ends at a bug', async () => {
    const folder = await storeRun(join(temporaryFolder(), 'run'), { name: 'one', seed: 1, tasks: { y: task } });
    const bug = `const stringify = JSON.stringify;
      JSON.stringify = (value, ...more) => {
        if (value?.sections) throw new Error('this cannot be');
        return stringify(value, ...more);
      };`;
    const preload = `data:text/javascript,${encodeURIComponent(bug)}`;
    const { program, url } = await started([folder, '--port', '0'], ['--import', preload], 1);
    await expect(ask(url, '/live')).rejects.toThrow('socket hang up');
    expect((await program.finished).stderr).toContain('ple: this is a bug: Error: this cannot be');
  });

  test.each(['-1', '65536', '1e3', 'x'])('refuses --port=%s', async (port) => {
    const { status, stderr } = await pleHere(['watch', '.', `--port=${port}`]);
    expect([status, stderr]).toEqual([2, `ple: --port ${port}: give a port from 0 to 65535.\n`]);
  });
});

describe('the server', () => {
  test('has a strict policy, and answers GET and HEAD only', async () => {
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

  test('opens no file that a request names', async () => {
    const path = await trainingRun(temporaryFolder());
    const url = await watched(path);
    const paths = [
      '/config.yaml',
      '/../config.yaml',
      '/%2e%2e/run/config.yaml',
      '/..%2fconfig.yaml',
      '//etc/passwd',
      '/live/../config.yaml',
      '/live/',
      '/index.html',
      `/${path}/config.yaml`,
    ];
    for (const one of paths) expect(await ask(url, one), one).toMatchObject({ status: 404, body: 'Not found.\n' });
    expect((await liveAt(url, '../../config.yaml')).sections).not.toBeNull();
  });

  test('answers to names of this machine only', async () => {
    const url = await watched(await trainingRun(temporaryFolder()));
    const statusFor = async (Host: string) => (await ask(url, '/live', { headers: { Host } })).status;
    for (const host of ['localhost', 'localhost:8080', '127.0.0.1:1', '[::1]:6107', 'LOCALHOST'])
      expect(await statusFor(host), host).toBe(200);
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'evil.example:6107',
      '10.0.0.1',
      'localhost@evil.example',
    ])
      expect(await statusFor(host), host).toBe(403);
  });

  test('refuses a request without a name', async () => {
    const port = Number(new URL(await watched(await trainingRun(temporaryFolder()))).port);
    const text = await new Promise<string>((done) => {
      let received = '';
      const socket = connect({ host: '127.0.0.1', port }, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
      socket.on('data', (piece) => {
        received += piece;
      });
      socket.on('close', () => done(received));
    });
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('is not reached at another address of this machine', async () => {
    const port = Number(new URL(await watched(await trainingRun(temporaryFolder()))).port);
    const others = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    for (const { address, internal, family } of others) {
      if (internal || family !== 'IPv4') continue;
      const outcome = await new Promise<string>((done) => {
        const socket = connect({ host: address, port });
        socket
          .on('connect', () => done('connected'))
          .on('error', (error: NodeJS.ErrnoException) => done(error.code ?? ''));
      });
      expect(outcome, address).toBe('ECONNREFUSED');
    }
  });
});

describe('the page', () => {
  test('of a run grows with it; names are text, and a torn line is left out', async () => {
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

  test('of a finished run is that of its report', async () => {
    const path = await storeRun(join(temporaryFolder(), 'run'), { name: 'one', seed: 1, tasks: { [markup]: task } });
    const live = await liveAt(await watched(path));
    expect(live).toMatchObject({ running: false, state: 'Finished after 3 epochs.' });
    expect(live.sections?.map(({ id }) => id)).toEqual(expect.arrayContaining(['metrics', 'learning', 'calibration']));
    expect(sectionOf(live, 'metrics')).toContain(escaped);
    for (const { html } of live.sections ?? []) expect(html).not.toContain('<script');
  });

  test('of another folder at the same port replaces all sections', async () => {
    const folder = temporaryFolder();
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => storeRun(join(folder, name), { name, seed: 1, tasks: { [`${name} task`]: task } })),
    );
    const before = await liveAt(await watched(a ?? ''));
    const next = await watched(b ?? '');
    const after = await liveAt(next, before.version);
    expect(after.name).toBe('b');
    expect(sectionOf(after, 'metrics')).toContain('b task');
    expect((await liveAt(next, after.version)).sections).toBe(null);
    const gone = livePage(a ?? '');
    rmSync(a ?? '', { recursive: true });
    expect(await gone(after.version)).toMatchObject({ state: `${a} is gone.`, sections: [] });
  });

  test('of a comparison names what trains, what failed and what is done; damaged files are named, and do not end it', async () => {
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
});

async function eventually<Value>(attempt: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
  }
}
