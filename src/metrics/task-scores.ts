/** One entry per row of the split. */
export interface TaskScores {
  /** As the model gives them: regression predictions are logit * scale + offset. */
  readonly logits: Float32Array | Float64Array;
  /** In the labels' own units. */
  readonly labels: Float32Array | Float64Array;
  /** The task's sample space: above 0. */
  readonly mask: Float32Array | Float64Array;
  /** Which rows belong together (of one user), for data that say so. */
  readonly groups?: Int32Array;
}
