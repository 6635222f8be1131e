// Time of all metrics of a binary task over ten million rows: npm run bench:auc
import { evaluateTask } from '../src/metrics/evaluate.js';
import { randomFromSeed } from '../src/support/random.js';
import { wordsOf } from './usage.js';

wordsOf('Usage: npm run bench:auc', {});

const rows = 10_000_000;
const random = randomFromSeed(1);
const labels = Float32Array.from({ length: rows }, () => (random.uniform() < 0.1 ? 1 : 0));
const logits = Float32Array.from(labels, (label) => label + random.normal());
const mask = new Float32Array(rows).fill(1);

const started = performance.now();
const metrics = evaluateTask({ name: 'click', type: 'binary', offset: 0, scale: 1 }, { logits, labels, mask });
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s for ${rows} rows: AUC ${metrics.auc}`);
