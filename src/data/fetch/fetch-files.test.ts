import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { DataError, UserError } from '../../support/errors.js';
import { type FetchOptions, fetchFiles } from './fetch-files.js';
import type { Publication } from './published-file.js';

const content = Buffer.from(Array.from({ length: 20_000 }, (_, row) => `row ${row * 7919}\n`).join(''));
const packed = gzipSync(content);
const sha256 = createHash('sha256').update(content).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that gives one answer after the other, the last one again and again, and the requests that it got. */
async function serverWith(...answers: Answer[]) {
  const requests: { readonly url: string | undefined; readonly range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ url: request.url, range: request.headers.range });
    answer?.(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { base: `http://127.0.0.1:${port}`, requests };
}

/** Answers as a server of files does, ranges too. */
function sends(bytes: Buffer): Answer {
  return (request, response) => {
    const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
    if (Number.isNaN(begin)) response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    else if (begin >= bytes.length) response.writeHead(416).end();
    else {
      const range = `bytes ${begin}-${bytes.length - 1}/${bytes.length}`;
      const rest = bytes.subarray(begin);
      response.writeHead(206, { 'content-range': range, 'content-length': rest.length }).end(rest);
    }
  };
}

/** Breaks the connection after so many bytes of the answer, when the client has written them to `part`. */
function breaksAfter(count: number, bytes: Buffer, part: string): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, count));
    const timer = setInterval(() => {
      if (!existsSync(part) || statSync(part).size < count) return;
      clearInterval(timer);
      response.destroy();
    }, 10);
  };
}

function folder(files: Readonly<Record<string, Buffer>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'ple-fetch-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

const publication = (...urls: string[]): Publication => ({
  page: 'https://example.org/data',
  folder: 'unused',
  files: [{ name: 'rows.data', urls, sha256 }],
});

function fetching(to: string, what: Publication, changes: Partial<FetchOptions> = {}) {
  const [notes, progress]: [string[], (readonly [number, number | null])[]] = [[], []];
  const files = fetchFiles(what, {
    folder: to,
    signal: new AbortController().signal,
    progress: (_, done, total) => progress.push([done, total]),
    note: (message) => notes.push(message),
    ...changes,
  });
  return { files, notes, progress };
}

test('a packed file lies in the folder as it was sent, once its content is right', async () => {
  const { base, requests } = await serverWith(sends(packed));
  const to = folder();
  const { files, notes, progress } = fetching(to, publication(`${base}/deep/rows.data.gz`));
  expect(await files).toEqual([{ name: 'rows.data', path: join(to, 'rows.data.gz'), sha256, present: false }]);
  expect(readdirSync(to)).toEqual(['rows.data.gz']);
  expect(gunzipSync(readFileSync(join(to, 'rows.data.gz'))).equals(content)).toBe(true);
  expect(progress.at(-1)).toEqual([packed.length, packed.length]);
  expect(requests).toEqual([{ url: '/deep/rows.data.gz', range: undefined }]);
  expect(notes).toEqual([]);
});

test('what an earlier try left is gone on with', async () => {
  const { base, requests } = await serverWith(sends(packed));
  const to = folder({ 'rows.data.part': packed.subarray(0, 1234) });
  const { files, progress } = fetching(to, publication(`${base}/rows.data.gz`));
  await files;
  expect(requests).toEqual([{ url: '/rows.data.gz', range: 'bytes=1234-' }]);
  expect(progress.at(-1)).toEqual([packed.length, packed.length]);
  expect(readFileSync(join(to, 'rows.data.gz')).equals(packed)).toBe(true);
});

test.each([['a beginning of something else', Buffer.alloc(900, 7), ['bytes=900-', undefined]]])(
  '%s comes right',
  async (_, part, ranges) => {
    const { base, requests } = await serverWith(sends(packed));
    const to = folder({ 'rows.data.part': part });
    await fetching(to, publication(`${base}/rows.data.gz`)).files;
    expect(readFileSync(join(to, 'rows.data.gz')).equals(packed)).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual(
      ranges.map((range) => (range === undefined ? undefined : expect.stringContaining(range))),
    );
  },
);

test('a connection that breaks is taken up where it broke', async () => {
  const to = folder();
  const part = join(to, 'rows.data.part');
  const { base, requests } = await serverWith(breaksAfter(3000, packed, part), sends(packed));
  const { files, notes } = fetching(to, publication(`${base}/rows.data.gz`));
  await files;
  expect(requests.map(({ range }) => range)).toEqual([undefined, 'bytes=3000-']);
  expect(notes).toEqual([expect.stringMatching(/trying to go on/)]);
  expect(readFileSync(join(to, 'rows.data.gz')).equals(packed)).toBe(true);
});

test('wrong content is deleted and said, with both checksums', async () => {
  const wrong = gzipSync('something else');
  const { base } = await serverWith(sends(wrong));
  const to = folder();
  const { files } = fetching(to, publication(`${base}/rows.data.gz`));
  await expect(files).rejects.toThrow(UserError);
  await expect(files).rejects.toThrow(
    new RegExp(
      `SHA-256 of its content is ${createHash('sha256').update('something else').digest('hex')}, not ${sha256}`,
    ),
  );
  expect(readdirSync(to)).toEqual([]);
});

test('404 and a refused connection: the next address is tried, then one line says where to get and put the file', async () => {
  const { base } = await serverWith((_, response) => response.writeHead(404).end('no such page'));
  const to = folder();
  const refused = 'http://127.0.0.1:1/rows.data.gz';
  const { files, notes } = fetching(to, publication(`${base}/rows.data.gz`, refused));
  const message = await files.then(
    () => undefined,
    (error: unknown) => (error instanceof UserError ? error : undefined),
  );
  expect(message?.exitCode).toBe(1);
  expect(message?.message).not.toContain('\n');
  expect(message?.message).toMatch(/404 Not Found.*ECONNREFUSED|404 Not Found.*bad port/);
  expect(message?.message).toContain(`Get it from https://example.org/data and put it, plain or as .gz, into ${to}.`);
  expect(notes).toEqual([expect.stringMatching(`404.*Trying ${refused}`)]);

  const right = await serverWith(sends(packed));
  await fetching(to, publication(`${base}/rows.data.gz`, `${right.base}/rows.data.gz`)).files;
  expect(readdirSync(to)).toEqual(['rows.data.gz']);
});

test('a file that is there but is not the published one is left alone', async () => {
  const to = folder({ 'rows.data': Buffer.from('mine') });
  const { files } = fetching(to, publication('http://127.0.0.1:1/rows.data'));
  await expect(files).rejects.toThrow(DataError);
  await expect(files).rejects.toThrow(/rows\.data is not the published file: .* Move it away/);
  expect(readFileSync(join(to, 'rows.data'), 'utf8')).toBe('mine');
});

test('an interruption keeps what was received', async () => {
  const { base } = await serverWith((_, response) => {
    response.writeHead(200, { 'content-length': packed.length });
    response.write(packed.subarray(0, 2000)); // and never continues
  });
  const to = folder();
  const interrupt = new AbortController();
  const { files } = fetching(to, publication(`${base}/rows.data.gz`), {
    signal: interrupt.signal,
    progress: () => interrupt.abort(),
  });
  await expect(files).rejects.toThrow(/abort/i);
  expect(readFileSync(join(to, 'rows.data.part')).equals(packed.subarray(0, 2000))).toBe(true);
});
