import { ConfigError } from '../../support/errors.js';

/**
 * The responses drawn for an impression, in the order of all weight vectors. `play` is not a task, but the sample space
 * of one.
 */
export const responses = ['CTR', 'play', 'VCR', 'SHR', 'CMR'] as const;
export type Response = (typeof responses)[number];
/** VTR (valid view) is not drawn. It is a play whose VCR is above a threshold. */
export const taskNames = ['CTR', 'VTR', 'VCR', 'SHR', 'CMR'] as const;

/**
 * Rates of play, CTR (played and clicked) and VTR (valid view) over impressions; mean of VCR (watched part) over plays;
 * rates of SHR (share) and CMR (comment) over clicks.
 */
export type Rates = Readonly<Record<Response | (typeof taskNames)[number], number>>;

/** Plays that start by themselves: the share of these impressions, and the share of them that is played. */
export interface Autoplay {
  readonly share: number;
  readonly play: number;
}

/** A sample of impressions. */
interface Sample {
  /** Log-odds without intercepts. [responses][rows] */
  readonly logits: readonly Float64Array[];
  /** 1 if plays start by themselves, else 0. */
  readonly autoplayed: Uint8Array;
}

/**
 * Solves for the intercepts, in the order of `responses`, and VCR's threshold, so that every rate holds over its own
 * sample space. Play's intercept applies to impressions without autoplay.
 * @throws ConfigError for rates that are impossible together.
 */
export function solveRates(
  { logits, autoplayed }: Sample,
  rates: Rates,
  autoplay: Autoplay | null,
): { readonly intercepts: readonly number[]; readonly threshold: number } {
  const responseLogits = (response: Response) => logits[responses.indexOf(response)] ?? new Float64Array();
  const byInterest = Float64Array.from(autoplayed, (flag) => 1 - flag);
  const play = intercept(responseLogits('play'), byInterest, playByInterest(rates, autoplay));
  const played = responseLogits('play').map((logit, row) =>
    autoplayed[row] && autoplay ? autoplay.play : expit(play + logit),
  );
  const click = intercept(responseLogits('CTR'), played, rates.CTR / rates.play);
  const clicked = responseLogits('CTR').map((logit, row) => (played[row] ?? 0) * expit(click + logit));
  const completion = intercept(responseLogits('VCR'), played, rates.VCR);
  const solved = {
    play,
    CTR: click,
    VCR: completion,
    SHR: intercept(responseLogits('SHR'), clicked, rates.SHR),
    CMR: intercept(responseLogits('CMR'), clicked, rates.CMR),
  };
  const watched = Float32Array.from(responseLogits('VCR'), (logit) => expit(completion + logit));
  return { intercepts: responses.map((response) => solved[response]), threshold: threshold(watched, played, rates) };
}

/** The rate of play that remains for impressions without autoplay. */
function playByInterest({ play, CTR, VTR }: Rates, autoplay: Autoplay | null): number {
  for (const [name, rate, done] of [
    ['CTR', CTR, 'clicked'],
    ['VTR', VTR, 'viewed'],
  ] as const) {
    if (rate < play) continue;
    throw new ConfigError(
      `dataset.rates.${name}: what is not played is not ${done}: it must be below rates.play (${play}), not ${rate}.`,
    );
  }
  if (!autoplay) return play;
  const { share, play: started } = autoplay;
  const left = (play - share * started) / (1 - share);
  if (left > 0 && left < 1) return left;
  const [on, least, most] = [share, share * started, share * started + 1 - share].map((value) =>
    Number(value.toFixed(4)),
  );
  throw new ConfigError(
    `dataset.rates.play: with autoplay.play ${started} on Wi-Fi (${on} of impressions) it must be between ${least} and ${most}, not ${play}.`,
  );
}

/**
 * The t that VCR exceeds in `rates.VTR / rates.play` of the plays, by bisection. VCR is compared in its stored form:
 * 32-bit floats.
 */
function threshold(watched: Float32Array, played: Float64Array, rates: Rates): number {
  const above = (t: number) => {
    let sum = 0;
    for (let row = 0; row < watched.length; row++) if ((watched[row] ?? 0) > t) sum += played[row] ?? 0;
    return sum;
  };
  const wanted = (rates.VTR / rates.play) * sum(played);
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (above(middle) > wanted) low = middle;
    else high = middle;
  }
  if (above(high) > 0.9 * wanted) return high;
  // A 32-bit float is 1 from log-odds of about 17 on, so too many are equal.
  throw new ConfigError(
    `dataset.rates.VTR: too many plays are watched to the end for a rate of ${rates.VTR}; lower dataset.strength or dataset.noise.`,
  );
}

/**
 * The b at which the weighted mean of expit(b + logit) is `rate`: Newton's method, with bisection of the interval that
 * contains it.
 */
function intercept(logits: Float64Array, weights: Float64Array, rate: number): number {
  const total = sum(weights);
  let [low, high] = [-64, 64];
  let b = logOdds(rate);
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

/**
 * The mean of expit(x + s z) over z ~ N(0, 1), by the trapezoidal rule, whose error falls exponentially with the number
 * of points for such a function: it is below 1e-9 for s up to 10.
 */
export function meanExpit(x: number, s: number): number {
  const step = 1 / 16;
  let [sum, weights] = [0, 0];
  for (let z = -8; z <= 8; z += step) {
    const weight = Math.exp((-z * z) / 2);
    sum += weight * expit(x + s * z);
    weights += weight;
  }
  return sum / weights;
}

export function logOdds(probability: number): number {
  return Math.log(probability / (1 - probability));
}

function sum(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
