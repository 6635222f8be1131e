import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { columnInputs } from '../src/serving/export/column-nodes.js';
import { onnxFile } from '../src/serving/export/onnx-file.js';
import { feedsOf, type RawRow } from '../src/serving/export/raw-columns.fixture.js';
import { readTrainedRun } from '../src/serving/trained-run.js';

// npm run bench:serving -- RUN ROWS.csv: rows a second in onnxruntime-node on the exported file, with one thread, and
// of `ple predict`.

const seconds = 3;
const [path, data] = process.argv.slice(2);
if (path === undefined || data === undefined) throw new Error('npm run bench:serving -- RUN ROWS.csv');
process.env.ORT_DISABLE_TELEMETRY = '1';
const { InferenceSession } = await import('onnxruntime-node');

const run = await readTrainedRun(path);
const bytes = onnxFile(run);
const began = performance.now();
const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
console.log(`${(bytes.length / 2 ** 20).toFixed(1)} MiB, opened in ${(performance.now() - began).toFixed(0)} ms`);

const rows: RawRow[] = parse(readFileSync(data), { columns: true });
const inputs = columnInputs(run.encoding);
const outputs = session.outputNames.filter((name) => !name.endsWith('.logit'));
console.log('batch      rows/s   ms a batch');
for (const batch of [1, 32, 1024]) {
  const count = Math.min(64, Math.floor(rows.length / batch));
  const feeds = Array.from({ length: count }, (_, i) => feedsOf(inputs, rows.slice(i * batch, (i + 1) * batch)));
  for (const feed of feeds) await session.run(feed, outputs); // warm
  const times: number[] = [];
  for (let i = 0, start = performance.now(); performance.now() - start < 1000 * seconds; i++) {
    const from = performance.now();
    await session.run(feeds[i % count] ?? {}, outputs);
    times.push(performance.now() - from);
  }
  const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
  const perSecond = Math.round((1000 * batch) / median);
  console.log(`${String(batch).padStart(5)}${String(perSecond).padStart(12)}${median.toFixed(3).padStart(13)}`);
}

const folder = mkdtempSync(join(tmpdir(), 'ple-bench-serving-'));
try {
  const from = performance.now();
  const words = [
    resolve(import.meta.dirname, '../bin/ple.js'),
    'predict',
    path,
    data,
    '--out',
    join(folder, 'out.csv'),
  ];
  const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`ple predict ended with ${status}`);
  const taken = (performance.now() - from) / 1000;
  console.log(`ple predict, the whole command: ${Math.round(rows.length / taken)} rows/s (${taken.toFixed(1)} s)`);
} finally {
  rmSync(folder, { recursive: true });
}
