import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { trainedOnMixed, writeMixedTable } from '../src/serving/mixed-table.fixture.js';

// Trains on a small table with all kinds of columns and tasks, exports the run, and compares its predictions in Python
// with those of `ple predict`. `PYTHON` names the interpreter that has onnx and onnxruntime.

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ple-check-export-'));
const file = (name: string) => join(folder, name);

/** Shows what it prints on stderr only if it fails: Debian's onnxruntime prints a thousand lines there. */
function call(program: string, ...words: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, words, {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`);
}

try {
  writeMixedTable(folder);
  const tasks =
    '[{ name: click, type: binary }, { name: spend, type: regression, standardize: true }, { name: plan, type: multiclass }]';
  const model = '{ type: ple, levels: [[6], [4]], tower: [4], experts: { shared: 1, task: 1 }, normalization: batch }';
  const run = await trainedOnMixed(folder, tasks, model);
  const ple = (...words: readonly string[]) => call(process.execPath, join(root, 'bin/ple.js'), ...words);
  ple('export', run, '--to', file('model.onnx'));
  ple('predict', run, file('inputs.csv'), '--out', file('predictions.csv'));
  const given = ['model.onnx', 'inputs.csv', 'predictions.csv'].map(file);
  call(process.env.PYTHON ?? 'python3', join(root, 'scripts/check-export.py'), ...given);
} finally {
  rmSync(folder, { recursive: true });
}
