/**
 * What spellings of one number have in common: of `1`, `1.0` and `true` it is `1`. Undefined for what is no number or
 * looks like a code, in which each digit counts: `007`, `1.10`, `+1`, a whole number above 2^53.
 */
export function numberKey(text: string): string | undefined {
  const truth = truthValue(text);
  const short = truth === undefined ? text.replace(/^(-?\d+)\.0$/, '$1') : String(truth);
  return String(Number(short)) === short && /\d$/.test(short) ? short : undefined;
}

export const truths = ['false', 'true'];

/** 0 or 1 of a boolean, in upper or lower case. */
export function truthValue(text: string): number | undefined {
  const truth = truths.indexOf(text.trim().toLowerCase());
  return truth < 0 ? undefined : truth;
}
