// A claim of the paper, and its answer.
import type { Comparison } from '../../src/comparison/comparison.js';

export interface Table extends Comparison {
  readonly folder: string;
}

export type Verdict = 'holds here' | 'does not hold here' | 'cannot be told' | 'turns with the terms';

export interface Answer {
  readonly verdict: Verdict | 'not run';
  /** Of what cannot be told: what would decide it. */
  readonly next?: string;
  /** What was found, for the tables of claims. Ends without a full stop. */
  readonly sentence: string;
  /** Markdown. */
  readonly found: readonly string[];
}

export interface Header {
  readonly claim: string;
  readonly paper: string;
  readonly refuted: string;
  /** What was trained, what is fixed, limits. */
  readonly told: string;
}

/** Those of a claim, in the order of its configs. */
export type Tables = readonly [Table, ...Table[]];

export interface Variant {
  readonly config: string;
  readonly name: string;
  readonly words: readonly string[];
}

export interface Claim {
  readonly name: string;
  readonly title: string;
  /** Of configs/claims, each trained as it is or with overrides, under a name of its own. */
  readonly configs: readonly (string | Variant)[];
  /** What the first config's comment does not say of the claim. */
  readonly header?: Partial<Header>;
  /** Folders of data that nobody can make. */
  readonly needs?: readonly string[];
  /** Beginnings of names of the first table's charts. */
  readonly charts?: readonly string[];
  /** Fresh draws to try the answer on. */
  check?(tables: Tables): readonly Variant[];
  /** @param folder Of pictures. */
  judge(tables: Tables, fresh: readonly Table[], folder: string): Answer | Promise<Answer>;
}
