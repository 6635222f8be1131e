import { expect, test } from 'vitest';
import { exitCode } from '../../../support/errors.js';
import type { Answer } from '../orders.js';
import type { Lost } from '../worker-process.js';
import { type AttemptOutcome, type AttemptStage, outcomeOf } from './outcome.js';

const lost = { kind: 'lost', signal: 'SIGKILL', message: 'why' } as const;
const failed = (code: number | null) => ({ kind: 'failed', message: 'why', exitCode: code }) as const;
const final = { kind: 'failed', message: 'why', again: false } as const;

test.each<[string, Answer | Lost, AttemptStage, AttemptOutcome]>([
  ['is done', { kind: 'done' }, 'training', { kind: 'done' }],
  ['goes back after an interruption', { kind: 'interrupted' }, 'training', { kind: 'interrupted' }],
  ['is tried again after a kill', lost, 'training', { ...final, again: true }],
  ['is tried again after a failure of the machine', failed(exitCode.failed), 'training', { ...final, again: true }],
  ['has failed by its config', failed(exitCode.usage), 'reading', final],
  ['has failed by its data, once it trains', failed(exitCode.data), 'training', final],
  ['has failed by a bug', failed(null), 'training', { ...final, message: 'this is a bug: why' }],
  ['has failed by a bug before', failed(null), 'preparing', { ...final, message: 'this is a bug: why' }],
  ['is for workers with its data', failed(exitCode.data), 'reading', { kind: 'refused', message: 'why', pauses: true }],
  [
    'is for workers with its device or plan',
    failed(exitCode.usage),
    'preparing',
    { kind: 'refused', message: 'why', pauses: true },
  ],
  [
    'waits for the process that has its folder, and other runs do not',
    failed(exitCode.interrupted),
    'reading',
    { kind: 'refused', message: 'why', pauses: false },
  ],
])('a run %s', (_, answer, stage, outcome) => expect(outcomeOf(answer, stage)).toEqual(outcome));
