import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { withDatabase } from '../data/store/database.js';
import { predict, type RowsEvent } from '../library.js';
import { onnxFile } from '../serving/export/onnx-file.js';
import { trainedOnMixed, writeMixedTable } from '../serving/mixed-table.fixture.js';
import { readTrainedRun } from '../serving/trained-run.js';
import { folderOfFile } from './command.fixture.js';
import { testTranscript } from './transcript.fixture.js';

const folder = folderOfFile();
const at = (...names: string[]) => join(folder, ...names);
let run: string;

beforeAll(async () => {
  writeMixedTable(folder);
  const tasks = '[{ name: click, type: binary }, { name: spend, type: regression }, { name: plan, type: multiclass }]';
  run = await trainedOnMixed(folder, tasks, '{ type: mmoe, levels: [[6]], tower: [4], experts: 2 }');
  const typed = `SELECT i % 7 AS code, i % 3 = 0 AS flag, TIMESTAMP '2024-01-01' + to_hours(i::INTEGER) AS at, i % 2 AS y`;
  await withDatabase((database) => database.run(`COPY (${typed} FROM range(400) t(i)) TO '${at('typed.parquet')}'`));
});

testTranscript('serve', folder);

test('predict of the library tells notes and rows, and gives what the command writes', async () => {
  const events: RowsEvent[] = [];
  const found = await predict(run, at('inputs.csv'), { on: (event) => events.push(event) });
  const [header = '', ...lines] = readFileSync(at('scores.csv'), 'utf8').trimEnd().split('\n');
  expect(Object.keys(found)).toEqual(header.split(','));
  const column = lines.map((line) => Math.fround(Number(line.split(',')[0])));
  expect(found['click.probability']).toEqual(Float32Array.from(column));
  expect(events.at(-1)).toEqual({ kind: 'predicting', done: 203, total: 203 });
});

test('metrics of the test rows are those of the run', () => {
  const { tasks } = JSON.parse(readFileSync(join(run, 'result.json'), 'utf8'));
  const evaluated = JSON.parse(readFileSync(at('metrics.json'), 'utf8')).tasks;
  expect(evaluated.click.metrics).toEqual(tasks.click.test);
});

test('the metadata’s config has no paths and no servers, and of plugins what they are', async () => {
  const trained = await readTrainedRun(run);
  const sha256 = 'a'.repeat(64);
  const experiment = {
    ...trained.experiment,
    tracking: { tensorboard: true, mlflow: 'http://tracking.internal:5000', experiment: 'secret-project' },
    plugins: [{ file: '/home/someone/mine.ts', sha256, parts: ['optimizer mine'] }],
  };
  const text = Buffer.from(
    onnxFile({ ...trained, sets: trained.sets.map((set) => ({ ...set, experiment })) }, '').file,
  ).toString('latin1');
  expect(text).toContain(`plugins:\n  - sha256: ${sha256}\n    parts:\n      - optimizer mine\n`);
  expect(text).toContain('learningRate: 0.01');
  for (const part of ['tracking', 'secret-project', 'someone', folder]) expect(text).not.toContain(part);
});
