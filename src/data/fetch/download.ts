import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { UserError } from '../../support/errors.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Milliseconds without a byte after which a server is given up. */
const patience = 30_000;

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes that are there; `total` is null while the server does not say. */
  progress(done: number, total: number | null): void;
}

/** The server began to send the file and did not come to its end. */
export class BrokenDownload extends UserError {
  override name = 'BrokenDownload';
}

/**
 * Downloads `url` to `path`. If `path` has a beginning already, the rest alone is asked for (a Range request); a server that
 * sends the whole all the same is taken at its word. What was received stays in `path` when the connection breaks.
 * @returns False if the server says that the beginning is all there is, or more.
 * @throws UserError: one line that names the address and the reason; a `BrokenDownload` if another try may go on.
 */
export async function download(url: string, path: string, { signal, progress }: DownloadOptions): Promise<boolean> {
  const begun = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const silence = new AbortController();
  let began = false;
  const timer = setTimeout(() => silence.abort(new Error(`no answer in ${patience / 1000} s`)), patience);
  try {
    const response = await fetch(url, {
      // `identity`: a packed file must not be unpacked on the way, as its ranges are those of the packed one
      headers: { 'accept-encoding': 'identity', ...(begun > 0 ? { range: `bytes=${begun}-` } : {}) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 416) {
      await response.body?.cancel();
      return false;
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new UserError(`${url}: the server answers ${response.status} ${response.statusText}`.trim());
    }
    const from = response.status === 206 && rangeStart(response.headers) === begun ? begun : 0;
    if (response.status === 206 && from !== begun)
      throw new UserError(`${url}: the server sends another part of the file`);
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(length) ? from + length : null;
    const file = await open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | (from > 0 ? O_APPEND : O_TRUNC));
    let done = from;
    began = true;
    try {
      for await (const chunk of response.body) {
        const bytes: Uint8Array = chunk;
        timer.refresh();
        await file.writeFile(bytes);
        done += bytes.length;
        progress(done, total);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof UserError || signal.aborted) throw error;
    const message = `${url}: ${reason(error)}`;
    throw began ? new BrokenDownload(message) : new UserError(message);
  } finally {
    clearTimeout(timer);
  }
}

function rangeStart(headers: Headers): number {
  return Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
}

/** The innermost reason: `fetch` wraps what the system says. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (error.cause !== undefined) return reason(error.cause);
  return error.message;
}
