/** What is used of the Cephes library; its own declarations are not found by an ES module. */
declare module 'cephes' {
  /** Until it is resolved the functions cannot be called. */
  export const compiled: Promise<void>;
  /** P(T <= t) with k degrees of freedom, a whole number. */
  export function stdtr(k: number, t: number): number;
  /** The t at which that is p. */
  export function stdtri(k: number, p: number): number;
}
