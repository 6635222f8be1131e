import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { storeRun } from '../comparison/stored/stored-run.fixture.js';
import { livePage } from '../report/watch/live-page.js';
import { serve } from '../report/watch/serve.js';
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

/** The page of a folder, at any free port. */
async function watched(folder: string): Promise<string> {
  const served = await serve({ host: '127.0.0.1', port: 0 }, livePage(folder));
  onTestFinished(() => served.close());
  return served.url;
}

async function trainingRun(folder: string): Promise<string> {
  const task = { type: 'binary', logits: [1, -1], labels: [1, 0] } as const;
  const path = await storeRun(join(folder, 'run'), { name: 'one', seed: 1, tasks: { y1: task } });
  rmSync(join(path, 'result.json'));
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
