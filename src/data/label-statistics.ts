/** What labels turned out to be, that are NaN outside their task's sample space. A pair's are over rows with both. */
export interface CommonStatistics {
  /** Over each task's own sample space; null if it is empty. */
  readonly mean: readonly (number | null)[];
  /** Population. */
  readonly variance: readonly (number | null)[];
  /** [K, K] */
  readonly rows: readonly (readonly number[])[];
  /** Null where a task does not vary. [K, K] */
  readonly pearson: readonly (readonly (number | null)[])[];
  /** Pearson's correlation of the ranks, ties at their mean rank. [K, K] */
  readonly spearman: readonly (readonly (number | null)[])[];
}

/** @param labels One array per task, a row's labels at the same index of each. */
export function commonLabelStatistics(labels: readonly Float32Array[]): CommonStatistics {
  const found = labels.map((a) => labels.map((b) => commonOf(a, b)));
  const matrix = <Value>(read: (of: ReturnType<typeof commonOf>) => Value) => found.map((row) => row.map(read));
  const moments = labels.map((values) => {
    const own = values.filter((value) => !Number.isNaN(value));
    return own.length > 0 ? momentsOf(own) : { mean: null, variance: null };
  });
  return {
    mean: moments.map(({ mean }) => mean),
    variance: moments.map(({ variance }) => variance),
    rows: matrix(({ rows }) => rows),
    pearson: matrix(({ pearson }) => pearson),
    spearman: matrix(({ spearman }) => spearman),
  };
}

function commonOf(a: Float32Array, b: Float32Array) {
  const inBoth = (_: number, row: number) => !Number.isNaN(a[row]) && !Number.isNaN(b[row]);
  const [first, second] = [a.filter(inBoth), b.filter(inBoth)];
  const rows = first.length;
  if (a !== b) return { rows, pearson: correlation(first, second), spearman: correlation(ranks(first), ranks(second)) };
  const itself = momentsOf(first).variance > 0 ? 1 : null; // without rounding
  return { rows, pearson: itself, spearman: itself };
}

type Values = Float32Array | Float64Array;

function correlation(a: Values, b: Values): number | null {
  const [first, second] = [momentsOf(a), momentsOf(b)];
  let sum = 0;
  for (let row = 0; row < a.length; row++) sum += ((a[row] ?? 0) - first.mean) * ((b[row] ?? 0) - second.mean);
  const scale = Math.sqrt(first.variance * second.variance) * a.length;
  return scale > 0 ? sum / scale : null;
}

function momentsOf(values: Values): { readonly mean: number; readonly variance: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, variance: squares / values.length };
}

function ranks(values: Float32Array): Float64Array {
  const order = Uint32Array.from(values, (_, row) => row).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) result[order[i] ?? 0] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}
