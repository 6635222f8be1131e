import { WriteStream } from 'node:tty';
import { vi } from 'vitest';

/** A stream that keeps what is written to it. */
export function recordingStream(isTTY: boolean, columns?: number) {
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, {
    ...{ isTTY: { value: isTTY }, columns: { value: columns } },
  });
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  return { stream, written: () => write.mock.calls.map(([text]) => String(text)) };
}
