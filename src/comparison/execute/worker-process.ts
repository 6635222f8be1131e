import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Interrupted, lackOfFiles, UserError } from '../../support/errors.js';
import type { Answer, Failed, Order, Report, Said, Stop } from './orders.js';

/** How a worker ended that did not answer. */
export interface Lost {
  readonly kind: 'lost';
  /** The signal that killed it; null if none did. */
  readonly signal: NodeJS.Signals | null;
  readonly message: string;
}

export interface WorkerProcess {
  readonly alive: boolean;
  /** Executes one order. Send the next one only after the answer. */
  ask(order: Order, on: (report: Report) => void): Promise<Answer | Lost>;
  /** Interrupts the order: a run writes a checkpoint first. */
  stop(): void;
  /** Stops the worker and waits until it has ended. A worker that is training writes a checkpoint first. */
  release(): Promise<void>;
  kill(): void;
}

/** The signals with which a terminal or a scheduler ends a command and its workers. */
const endings: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const script = fileURLToPath(new URL('./worker.js', import.meta.url));

export function startWorker(): WorkerProcess {
  const child = fork(script, {
    // V8's garbage-collection threads would run on the core of the next worker. One thread needs less processor time.
    execArgv: [...process.execArgv.filter(isOfFiles), '--single-threaded-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let alive = true;
  const ended = howItEnds(child).finally(() => {
    alive = false;
  });
  let hear: (said: Said) => void = () => undefined;
  child.on('message', (text) => hear(JSON.parse(String(text))));
  const send = (message: Order | Stop) => {
    if (child.connected) child.send(JSON.stringify(message), () => undefined); // a failure shows when the process ends
  };
  return {
    get alive() {
      return alive;
    },
    ask(order, on) {
      const answered = new Promise<Answer>((resolve) => {
        hear = (said) => ('answer' in said ? resolve(said.answer) : on(said.report));
      });
      send(order);
      return Promise.race([ended, answered]);
    },
    stop: () => send({ kind: 'stop' }),
    async release() {
      if (child.connected) child.disconnect();
      await ended;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** Waits for the end of a process, and for its last message. */
function howItEnds(child: ChildProcess): Promise<Lost> {
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  // 'close' does not come where this process has closed the channel
  const channelClosed = new Promise<void>((closed) => child.once('disconnect', closed));
  return new Promise((resolve) => {
    const end = (how: string, signal: NodeJS.Signals | null) => {
      const said = lackOfFiles(errors) ?? errors.trim().split('\n').slice(-5).join(' | ');
      resolve({ kind: 'lost', signal, message: `its process ${how}${said === '' ? '' : `: ${said}`}` });
    };
    child.on('error', (error) => {
      errors = error.message;
      end('could not be started', null);
    });
    child.once('exit', (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
      void channelClosed.then(() => end(how, signal));
    });
  });
}

/** Leaves out the program of `node --eval`, which the worker would run in place of its own. */
function isOfFiles(word: string, index: number, words: readonly string[]): boolean {
  const isProgram = (option = '') => /^(-e|-p|-pe|--eval|--print)$/.test(option);
  return !isProgram(word) && !isProgram(words[index - 1]) && !word.startsWith('--input-type');
}

/** The error to throw for an unexpected answer. */
export function answerError(answer: Answer | Lost): Error {
  // A terminal's signal also ends a worker that is not loaded yet; later, workers ignore it.
  if (answer.kind === 'lost' && answer.signal !== null && endings.includes(answer.signal)) return new Interrupted();
  if (answer.kind === 'lost') return new UserError(`A worker did not answer: ${answer.message}.`);
  if (answer.kind === 'interrupted') return new Interrupted();
  if (answer.kind !== 'failed') return new Error(`A worker answered '${answer.kind}'.`);
  return answer.exitCode === null ? new Error(answer.message) : new UserError(answer.message, answer.exitCode);
}

/** What is said of a run that failed. */
export function failureMessage({ message, exitCode }: Failed): string {
  return exitCode === null ? `this is a bug: ${message}` : message;
}
