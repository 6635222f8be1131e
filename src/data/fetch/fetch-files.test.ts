import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { DataError, UserError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { type FetchOptions, fetchFiles, type Publication } from './fetch-files.js';

const content = Buffer.from(Array.from({ length: 20_000 }, (_, row) => `row ${row * 7919}\n`).join(''));
const packed = gzipSync(content);
const sha256 = createHash('sha256').update(content).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that gives one answer after the other, the last one again and again, and the requests that it got. */
async function serverWith(...answers: Answer[]) {
  const requests: { readonly url: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ url: request.url });
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

const sends =
  (bytes: Buffer): Answer =>
  (_, response) =>
    void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);

function folder(files: Readonly<Record<string, Buffer>> = {}): string {
  const path = temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

const publication = (...urls: string[]): Publication => ({
  page: 'https://example.org/data',
  folder: 'unused',
  fetch: [{ name: 'rows.data', urls, sha256 }],
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
  expect(requests).toEqual([{ url: '/deep/rows.data.gz' }]);
  expect(notes).toEqual([]);
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

test('of an interrupted or a broken download nothing stays', async () => {
  const begins: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': packed.length });
    response.write(packed.subarray(0, 2000)); // and never continues
  };
  const { base } = await serverWith(begins, (request, response) => {
    begins(request, response);
    setTimeout(() => response.destroy(), 50);
  });
  const to = folder();
  const interrupt = new AbortController();
  const { files } = fetching(to, publication(`${base}/rows.data.gz`), {
    signal: interrupt.signal,
    progress: () => interrupt.abort(),
  });
  await expect(files).rejects.toThrow(/abort/i);
  await expect(files).rejects.not.toBeInstanceOf(UserError);
  await expect(fetching(to, publication(`${base}/rows.data.gz`)).files).rejects.toThrow(/could not be downloaded/);
  expect(readdirSync(to)).toEqual([]);
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
