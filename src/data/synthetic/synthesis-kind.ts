import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { writeWhole } from '../../support/whole-file.js';
import type { SourceSplit } from '../dataset.js';
import { formatOf } from '../write/write-file.js';

export interface SynthesisKind<Manifest extends object = object> {
  readonly name: string;
  /** One line for the help of `ple synth`. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /**
   * Draws what the rows are drawn from; nothing is written yet.
   * @param options is parsed (fails on what the schema refuses).
   * @throws ConfigError for options that nothing can be made of, and for an unknown ending of the path.
   */
  prepare(options: unknown, path: string): Promise<WriteFile<Manifest>>;
}

/**
 * Writes a table in the format of the path's ending, and `<path>.manifest.json` beside it. The same options make the same bytes.
 * @param progress Rows read, of all that are to be read. What it throws ends the writing, of which nothing is left.
 */
export type WriteFile<Manifest extends object> = (
  progress: (done: number, total: number) => void,
) => Promise<Synthesized<Manifest>>;

interface Synthesized<Manifest extends object> {
  /** Everything that the rows were drawn from, and what came out. */
  readonly manifest: Manifest;
  /** What came out, in one line. */
  readonly summary: string;
}

export function defineSynthesisKind<Options extends z.ZodObject, Manifest extends object>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  readonly prepare: (options: z.infer<Options>, path: string) => Promise<WriteFile<Manifest>>;
}): SynthesisKind<Manifest> {
  return {
    ...definition,
    prepare: async (options, path) => {
      formatOf(path); // fails before anything is drawn
      const write = await definition.prepare(definition.options.parse(options), path);
      return async (progress) => {
        const made = await write(progress);
        await writeWhole(`${path}.manifest.json`, `${JSON.stringify(made.manifest, null, 2)}\n`);
        return made;
      };
    },
  };
}

const blocksBetweenTurns = 32;

/** All blocks of a split, in order; the arrays may be overwritten by the next. Signals get their turn. */
export async function* blocksOf(split: SourceSplit) {
  for (let index = 0; index * split.blockRows < split.rows; index++) {
    if (index % blocksBetweenTurns === 0) await setImmediate();
    yield await split.read(index);
  }
}

/** Copies a block's labels into arrays of all rows. */
export function keepLabels(block: readonly Float32Array[], labels: readonly Float32Array[], at: number): void {
  for (const [k, values] of block.entries()) labels[k]?.set(values, at);
}

/** A value for a line of text; `-` where it is not defined. */
export function shown(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(4) : '-';
}
