/** What is used of the Cephes library; its own declarations are not found by an ES module. */
declare module 'cephes' {
  /** Until it is resolved the functions cannot be called. */
  export const compiled: Promise<void>;
  /** P(T <= t) with k degrees of freedom, a whole number. */
  export function stdtr(k: number, t: number): number;
  /** The t at which that is p. */
  export function stdtri(k: number, p: number): number;
  /** The regularised incomplete beta function of x. */
  export function incbet(a: number, b: number, x: number): number;
  /** The x at which that is y. */
  export function incbi(a: number, b: number, y: number): number;
  /** P(Z <= z) of a standard normal. */
  export function ndtr(z: number): number;
  /** The z at which that is p. */
  export function ndtri(p: number): number;
  /** The zeta function of Hurwitz, the sum over k >= 0 of (k + q)^-x. */
  export function zeta(x: number, q: number): number;
}
