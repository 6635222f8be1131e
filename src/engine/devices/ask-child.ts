import { type ChildProcess, fork } from 'node:child_process';
import { lookingEnvironment } from './system-command.js';

export interface Child {
  readonly script: string;
  readonly execArgv: readonly string[];
  readonly words: readonly string[];
  readonly timeoutSeconds: number;
  /** When it fires, the process is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** How a child process went. */
export interface Ending<Message> {
  /** What it sent last. */
  readonly last: Message | undefined;
  /** It was ended, because it took too long. */
  readonly late: boolean;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it said, native libraries included. */
  readonly stderr: string;
}

/** Runs a script that sends messages, in a process of its own: what a device's library does to it stays there. */
export async function askChild<Message>(
  { script, execArgv, words, timeoutSeconds, signal: stop }: Child,
  on: (message: Message) => void = () => undefined,
): Promise<Ending<Message>> {
  const child = fork(script, [...words], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced', // JSON has no NaN
    env: {
      ...lookingEnvironment(),
      ORT_DISABLE_TELEMETRY: '1',
      TF_CPP_MIN_LOG_LEVEL: '0', // what names a missing library is a warning
    },
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-50_000);
  });
  let last: Message | undefined;
  child.on('message', (message: Message) => {
    last = message;
    on(message);
  });
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  let end: () => void = () => undefined;
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_code, by) => resolve(by));
    end = () => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      timer = setTimeout(() => {
        leave(child);
        resolve(null);
      }, 1000 * secondsToDie);
    };
    timer = setTimeout(() => {
      late = true;
      end();
    }, 1000 * timeoutSeconds);
    if (stop?.aborted) end();
    stop?.addEventListener('abort', end);
  }).finally(() => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', end);
  });
  return { last, late, signal, stderr };
}

const secondsToDie = 5;

/** One that is stuck in a driver does not die, and what a child started may hold its pipes: nothing waits for it. */
function leave(child: ChildProcess): void {
  child.stderr?.destroy();
  if (child.connected) child.disconnect();
  child.unref();
}
