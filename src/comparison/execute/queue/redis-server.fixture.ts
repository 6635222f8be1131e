import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A Redis server of its own, with an append-only file. */
export interface RedisServer {
  readonly port: number;
  readonly address: string;
  /** As if the machine had lost its power. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Whether `redis-server` is installed. */
export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @param settings Further words of its command line, such as `--requirepass secret`. */
export async function startRedis(folder: string, ...settings: readonly string[]): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async () => {
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    server = spawn('redis-server', [...words, '--appendonly', 'yes', ...settings], { stdio: 'ignore' });
    while (!(await listens(port))) await setTimeout(50);
  };
  await start();
  return {
    port,
    address: `redis://127.0.0.1:${port}`,
    start,
    async kill() {
      if (server?.exitCode !== null || server.signalCode !== null) return; // it has ended
      const ended = new Promise((resolve) => server?.once('exit', resolve));
      server?.kill('SIGKILL');
      await ended;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.');
  return address.port;
}
