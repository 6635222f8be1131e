import type { Task } from '../data/dataset.js';

// Of a binary task: logits with ties, labels that follow them, and two kinds of weights.
export const task: Task = { name: 'click', type: 'binary', offset: 0, scale: 1 };
export const rows = Array.from({ length: 200 }, (_, i) => i);
export const logits = Float64Array.from(rows, (i) => Math.round(Math.sin(i * i) * 30) / 10);
export const labels = Float64Array.from(rows, (i) => (Math.sin(7 * i + 1) + 0.4 * (logits[i] ?? 0) > 0.8 ? 1 : 0));
export const ones = Float64Array.from(rows, () => 1);
export const weights = Float64Array.from(rows, (i) => ((i * 7) % 6) / 2);
