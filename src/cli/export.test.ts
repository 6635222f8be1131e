import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onnxFile } from '../serving/export/onnx-file.js';
import { trainedOnMixed, writeMixedTable } from '../serving/mixed-table.fixture.js';
import { readTrainedRun } from '../serving/trained-run.js';
import { readSafetensors } from '../support/safetensors.js';
import { contentsOf, folderOfFile, pleHere, succeeded } from './command.fixture.js';

const folder = folderOfFile();
writeMixedTable(folder);
const tasks = '[{ name: click, type: binary }, { name: plan, type: multiclass }]';
const run = await trainedOnMixed(folder, tasks, '{ type: mmoe, levels: [[4]], tower: [], experts: 2 }');

test('an ONNX file says what it takes, what it gives, and where it is from', async () => {
  const to = join(folder, 'model.onnx');
  expect(await pleHere(['export', run, '--to', to])).toEqual({ status: 0, stdout: '', stderr: `Written: ${to}\n` });
  const text = readFileSync(to, 'latin1'); // metadata lie in the file as they are
  const parts = ['"free","paid","team"', 'plan.logit', 'tags.weights', '"takes":"days"', '"logLoss":', 'ai.onnx.ml'];
  for (const part of parts) expect(text).toContain(part);
  expect(text).not.toContain('com.microsoft');
});

test('safetensors come with the model’s config and the encoding', async () => {
  const to = join(folder, 'deep', 'model');
  await succeeded(pleHere(['export', run, '--to', to, '--format', 'safetensors']));
  expect(contentsOf(to).toSorted()).toEqual(['config.json', 'encoding.json', 'model.safetensors']);
  const { arrays } = await readSafetensors(join(to, 'model.safetensors'));
  const config = JSON.parse(readFileSync(join(to, 'config.json'), 'utf8'));
  const best = await readSafetensors(join(run, 'checkpoints/best.safetensors'));
  const names = Object.keys(arrays);
  expect(Object.keys(config.parameters)).toEqual(names);
  expect(names.map((name) => config.parameters[name].shape)).toEqual(names.map((name) => arrays[name]?.shape));
  for (const [name, { data }] of Object.entries(arrays)) expect(data).toEqual(best.arrays[name]?.data);
  expect(config.model).toMatchObject({ type: 'mmoe', experts: 2 });
  expect(config.parameters['level1.gates.2.weight']).toEqual({ shape: [2, 2, 18], kind: 'weight' });
  expect(config.categorical[0]).toMatchObject({ name: 'city', embedding: 4 });
  expect(readFileSync(join(to, 'encoding.json'))).toEqual(readFileSync(join(run, 'encoding.json')));
});

test('the metadata’s config has no paths and no servers, and of plugins what they are', async () => {
  const trained = await readTrainedRun(run);
  const sha256 = 'a'.repeat(64);
  const experiment = {
    ...trained.experiment,
    tracking: { tensorboard: true, mlflow: 'http://tracking.internal:5000', experiment: 'secret-project' },
    plugins: [{ file: '/home/someone/mine.ts', sha256, parts: ['optimizer mine'] }],
  };
  const text = Buffer.from(onnxFile({ ...trained, experiment })).toString('latin1');
  expect(text).toContain(`plugins:\n  - sha256: ${sha256}\n    parts:\n      - optimizer mine\n`);
  expect(text).toContain('learningRate: 0.01');
  for (const part of ['tracking', 'secret-project', 'someone', folder]) expect(text).not.toContain(part);
});

test('safetensors are written over an earlier export, not over other files', async () => {
  const to = (name: string) => ['export', run, '--to', join(folder, name), '--format', 'safetensors'];
  for (let i = 0; i < 2; i++) await succeeded(pleHere(to('again')));
  mkdirSync(join(folder, 'theirs'));
  writeFileSync(join(folder, 'theirs/config.json'), '{ "model_type": "bert" }');
  for (const name of ['theirs', '.']) {
    const { status, stderr } = await pleHere(to(name));
    expect([status, stderr]).toEqual([2, expect.stringContaining('neither an empty folder nor an export of ple')]);
  }
  expect(contentsOf(join(folder, 'theirs'))).toEqual(['config.json']);
  expect(readFileSync(join(folder, 'theirs/config.json'), 'utf8')).toBe('{ "model_type": "bert" }');
});
