/** What can happen to an impression, in the order of the funnel. `play` is no task, but the sample space of one. */
export const responses = ['play', 'CTR', 'VTR', 'VCR', 'SHR', 'CMR'] as const;
type Response = (typeof responses)[number];
/** The responses but `play`, in their order. */
export const taskNames = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'] as const;

/**
 * Play over impressions; CTR (click) and VTR (valid view) over impressions, of which only those that are played can be positive; the mean
 * of VCR (completed part) over plays; SHR (share) and CMR (comment) over clicks.
 */
export type Rates = Readonly<Record<Response, number>>;

/**
 * The intercepts, in the order of `responses`, at which each response has its rate over its own sample space.
 * @param logits Log-odds without intercepts of a sample of impressions, response by response.
 */
export function solveIntercepts(logits: readonly Float64Array[], rates: Rates): number[] {
  const logitsOf = (response: Response) => logits[responses.indexOf(response)] ?? new Float64Array();
  const everywhere = new Float64Array(logitsOf('play').length).fill(1);
  const play = intercept(logitsOf('play'), everywhere, rates.play);
  const played = logitsOf('play').map((logit) => expit(play + logit));
  const click = intercept(logitsOf('CTR'), played, rates.CTR / meanOf(played));
  const clicked = logitsOf('CTR').map((logit, row) => (played[row] ?? 0) * expit(click + logit));
  const solved = {
    play,
    CTR: click,
    VTR: intercept(logitsOf('VTR'), played, rates.VTR / meanOf(played)),
    VCR: intercept(logitsOf('VCR'), played, rates.VCR),
    SHR: intercept(logitsOf('SHR'), clicked, rates.SHR),
    CMR: intercept(logitsOf('CMR'), clicked, rates.CMR),
  };
  return responses.map((response) => solved[response]);
}

/** The b at which the weighted mean of expit(b + logit) is `rate`: Newton's steps, halved into the interval that holds it. */
function intercept(logits: Float64Array, weights: Float64Array, rate: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let [low, high] = [-64, 64];
  let b = Math.log(rate / (1 - rate));
  for (let step = 0; step < 200; step++) {
    let [mean, slope] = [0, 0];
    for (let row = 0; row < logits.length; row++) {
      const p = expit(b + (logits[row] ?? 0));
      mean += (weights[row] ?? 0) * p;
      slope += (weights[row] ?? 0) * p * (1 - p);
    }
    const miss = mean / total - rate;
    if (miss > 0) high = b;
    else low = b;
    const newton = b - miss / (slope / total);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - b) < 1e-12) return next;
    b = next;
  }
  return b;
}

export function expit(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
