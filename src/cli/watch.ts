import { existsSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { Served } from '../report/watch/serve.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples } from './command.js';
import { say } from './display/say.js';
import { onSignal } from './interruptible.js';

const words = () =>
  new Command('watch')
    .description('Show a run or a comparison while it trains, as a page on a local port. Ctrl-C ends it.')
    .argument('<path>', 'the folder of a run or a comparison, or its name below the folder of all runs')
    .option('--runs <dir>', 'folder of all runs', 'runs')
    .option('--port <n>', 'the port; 0: any (default: 6107, or the next that is free)', parsePort)
    .option(
      '--host <host>',
      'the address to listen on; 0.0.0.0: everybody on the network can read the page',
      '127.0.0.1',
    )
    .addHelpText(
      'after',
      examples(
        'ple watch quickstart',
        'ple watch runs/quickstart/ple-seed-1-0123abcd --port 8080',
        'ssh -L 6107:localhost:6107 machine     # then, there: ple watch quickstart',
      ),
    );

/** Prints the page's address on stdout, and serves it until a signal. It changes no file. */
export const watch = defineCommand(words, async (path, { runs, port, host }) => {
  const [{ livePage }, { isLoopback, serve }] = await Promise.all([
    import('../report/watch/live-page.js'),
    import('../report/watch/serve.js'),
  ]);
  const folder = [path, join(runs, path)].find((one) => existsSync(one));
  if (folder === undefined)
    throw new ConfigError(
      `There is no folder ${path} and none below ${runs}: name a run or a comparison that has started.`,
    );
  if (getPriority() < 10) setPriority(10); // training comes first
  const live = livePage(folder);
  let ignore = () => {};
  const asked = new Promise<void>((end) => {
    ignore = onSignal(end);
  });
  let served: Served | undefined;
  try {
    served = await serve({ host, port }, live);
    process.stdout.write(`${served.url}\n`);
    say(`Watching ${folder}. Ctrl-C ends it.`);
    if (!isLoopback(host))
      say(`note: --host ${host}: everybody who reaches port ${served.port} of this machine can read the page.`);
    await Promise.race([asked, served.failed]);
  } finally {
    await served?.close();
    ignore();
  }
  return exitCode.done;
});

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new ConfigError(`--port ${text}: give a port from 0 to 65535.`);
  return port;
}
