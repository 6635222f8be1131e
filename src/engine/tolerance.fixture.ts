/** For tests: how close a number must be to its reference. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * Differences from the pure-JS backend that the parity suite allows. That backend is float32 too, and rounds after each
 * operation.
 */
export interface Tolerances {
  /** One kernel, or a short chain of them, on numbers of order 1, element by element. */
  readonly kernel: Tolerance;
  /** A model's loss, logits and gradients; relative to the largest element of the array. */
  readonly step: Tolerance;
  /** Losses of ten steps, and the state after them, relative as above. */
  readonly tenSteps: Tolerance;
  /** The same steps give the same bits: it adds in a fixed order. */
  readonly ordered: boolean;
  /** Cases that may differ, by label, with the reason. */
  readonly undefined: Readonly<Record<string, string>>;
}

// Rounding in float32 is 6e-8 of a number. Sums, or another order of them, have some tens of that.
const float32Rounding = {
  kernel: { absolute: 2e-6, relative: 1e-5 },
  step: { absolute: 1e-6, relative: 1e-5 },
  tenSteps: { absolute: 2e-5, relative: 1e-4 },
  ordered: true,
  undefined: {},
} as const satisfies Tolerances;

export const tolerances = {
  cpu: float32Rounding,
  // The same precision: both engines turn TF32 off.
  cuda: { ...float32Rounding, ordered: false },
  'tfjs-cuda': {
    ...float32Rounding,
    ordered: false,
    undefined: Object.fromEntries(
      [4, 5, 6].map((number) => [`Relu ${number}`, "TensorFlow's relu of NaN is 0 on CUDA"]),
    ),
  },
  // WGSL allows exp, log, pow and tanh a few more last places, and sums of gradients by atomics any order.
  webgpu: {
    kernel: { absolute: 2e-6, relative: 2e-5 },
    step: { absolute: 2e-6, relative: 2e-5 },
    tenSteps: { absolute: 2e-5, relative: 1e-4 },
    ordered: false,
    undefined: Object.fromEntries(
      [4, 5, 6].map((number) => [`Relu ${number}`, 'relu of NaN: WGSL leaves it open, and says so of max(NaN, 0)']),
    ),
  },
} as const satisfies Record<string, Tolerances>;

/** Metrics of whole runs, on every device, after which small differences have grown for many steps. */
export const metricTolerance = 0.002;

/** The first element that is not close enough to its reference; NaN and infinities must be equal. */
export function firstDifference(
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  { absolute, relative }: Tolerance,
  /** Absent: each element's own size. */
  size?: number,
): string | undefined {
  if (got.length !== wanted.length) return `${got.length} elements, should be ${wanted.length}`;
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [got[i] ?? 0, wanted[i] ?? 0];
    const close = Object.is(a, b) || a === b || Math.abs(a - b) <= absolute + relative * (size ?? Math.abs(b));
    if (!close) return `element ${i} is ${a}, should be ${b}`;
  }
  return undefined;
}
