/** Rows and sums of labels by cell. */
export interface LabelsInCells {
  readonly rows: Uint32Array;
  readonly sums: Float64Array;
}

export function labelsInCells(count: number): LabelsInCells {
  return { rows: new Uint32Array(count), sums: new Float64Array(count) };
}

/** Each cell's mean label, drawn towards the mean of all as if one more row had that; cells without rows have it. */
export function meansOf({ rows, sums }: LabelsInCells, mean: number): Float64Array {
  return Float64Array.from(sums, (sum, cell) => (sum + mean) / ((rows[cell] ?? 0) + 1));
}

/**
 * Area under the ROC curve of rows that are scored by their cell, ties counting half; null for one class.
 * @param labels of 0 and 1.
 */
export function areaOfCells({ rows, sums }: LabelsInCells, scores: Float64Array): number | null {
  const filled = Uint32Array.from(rows.keys()).filter((cell) => rows[cell] !== 0);
  filled.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let [ordered, positives, negatives] = [0, 0, 0];
  for (let from = 0; from < filled.length; ) {
    let [tiedPositives, tiedNegatives] = [0, 0];
    const score = scores[filled[from] ?? 0];
    for (; from < filled.length && scores[filled[from] ?? 0] === score; from++) {
      const cell = filled[from] ?? 0;
      tiedPositives += sums[cell] ?? 0;
      tiedNegatives += (rows[cell] ?? 0) - (sums[cell] ?? 0);
    }
    ordered += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
  }
  return positives > 0 && negatives > 0 ? ordered / (positives * negatives) : null;
}

/**
 * R² = 1 - (squared errors of the scores) / (squared deviations from the rows' own mean); null for labels that do not vary.
 * @param squares Sum of the squared labels.
 */
export function explainedByCells({ rows, sums }: LabelsInCells, squares: number, scores: Float64Array): number | null {
  let [count, total, errors] = [0, 0, squares];
  for (const [cell, n] of rows.entries()) {
    const [sum = 0, score = 0] = [sums[cell], scores[cell]];
    errors += n * score * score - 2 * score * sum;
    count += n;
    total += sum;
  }
  const deviations = squares - (total * total) / count;
  return deviations > 1e-12 * squares ? 1 - errors / deviations : null;
}
