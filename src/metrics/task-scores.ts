/** One entry per row of the split. */
export interface TaskScores {
  /** As the model gives them: regression predictions are logit * scale + offset. */
  readonly logits: Float32Array | Float64Array;
  /** In the labels' own units. */
  readonly labels: Float32Array | Float64Array;
  /** Each row's weight in the task's sample space, 0 outside it. Without weights: 1. */
  readonly mask: Float32Array | Float64Array;
  /** Which rows belong together (of one user), for data that say so. */
  readonly groups?: Int32Array;
}
