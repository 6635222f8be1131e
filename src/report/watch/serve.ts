import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { UserError } from '../../support/errors.js';
import { hasCode, systemReason } from '../../support/system-error.js';
import { liveDocument } from './live-document.js';
import type { Live } from './live-page.js';

export interface Served {
  readonly url: string;
  readonly port: number;
  /** Rejects with the first error that is a bug. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

export interface Address {
  readonly host: string;
  /** Undefined: 6107, or the next that is free. */
  readonly port: number | undefined;
}

const [firstPort, ports] = [6107, 50];

/**
 * Serves a page and its content, and nothing else: a request names no file. At a loopback address it answers only
 * requests to this machine by name, so that a web page under a foreign name that resolves to it reads nothing.
 * @throws UserError if the address cannot be used.
 */
export async function serve({ host, port }: Address, live: (known: string) => Promise<Live>): Promise<Served> {
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const server = createServer((request, response) => {
    answer(request, response, isLoopback(host), live).catch((error) => {
      response.destroy();
      fail(error);
    });
  });
  const used = await listening(server, host, port);
  const shown = isWildcard(host) ? 'localhost' : host;
  return {
    url: `http://${isIPv6(shown) ? `[${shown}]` : shown}:${used}/`,
    port: used,
    failed,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

async function listening(server: Server, host: string, port: number | undefined): Promise<number> {
  const candidates = port === undefined ? Array.from({ length: ports }, (_, index) => firstPort + index) : [port];
  for (const candidate of candidates) {
    try {
      return await listen(server, host, candidate);
    } catch (error) {
      if (!hasCode(error, 'EADDRINUSE'))
        throw new UserError(
          `Cannot listen at ${host}, port ${candidate}: ${systemReason(error)}. Give another --host or --port.`,
        );
    }
  }
  throw new UserError(
    port === undefined
      ? `The ports ${firstPort} to ${firstPort + ports - 1} of ${host} are in use: give another with --port N.`
      : `Port ${port} of ${host} is in use: give another with --port N, or leave it out for the next that is free.`,
  );
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.removeListener('error', fail);
      const address = server.address();
      if (typeof address === 'object' && address !== null) done(address.port);
      else fail(new Error('A server has an address.'));
    });
  });
}

const headers = {
  'Content-Security-Policy': liveDocument.policy,
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

async function answer(
  { method = '', url = '', headers: { host = '' } }: IncomingMessage,
  response: ServerResponse,
  onlyLocalNames: boolean,
  live: (known: string) => Promise<Live>,
): Promise<void> {
  const send = (status: number, type: string, text: string, more: Readonly<Record<string, string>> = {}) => {
    response.writeHead(status, { ...headers, ...more, 'Content-Type': `${type}; charset=utf-8` }).end(text);
  };
  const refuse = (status: number, text: string, more = {}) => send(status, 'text/plain', `${text}\n`, more);
  if (onlyLocalNames && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host))
    return refuse(403, 'Forbidden: this page is read at localhost or 127.0.0.1.');
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Only GET and HEAD.', { Allow: 'GET, HEAD' });
  const [path, query = ''] = url.split('?', 2);
  if (path === '/') return send(200, 'text/html', liveDocument.page);
  if (path === '/live') {
    const known = new URLSearchParams(query).get('since') ?? '';
    return send(200, 'application/json', JSON.stringify(await live(known)));
  }
  return refuse(404, 'Not found.');
}
