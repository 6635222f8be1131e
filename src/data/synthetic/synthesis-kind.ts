import type { z } from 'zod';
import { writeWhole } from '../../support/whole-file.js';
import { formatOf } from '../write/write-file.js';

export interface SynthesisKind<Manifest extends object = object> {
  readonly name: string;
  /** One line for the help of `ple synth`. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /**
   * Draws the process that rows come from. Nothing is written yet.
   * @param options Raw options, which are parsed (fails on what the schema refuses).
   * @throws ConfigError for impossible options, and for an unknown ending of the path.
   */
  prepare(options: unknown, path: string): Promise<WriteFile<Manifest>>;
}

/**
 * Writes a table in the format of the path's ending, and `<path>.manifest.json` beside it. The same options give the
 * same bytes.
 * @param progress Gets the number of rows read, and of all rows. If it throws, the writing ends and leaves nothing.
 */
export type WriteFile<Manifest extends object> = (
  progress: (done: number, total: number) => void,
) => Promise<Synthesized<Manifest>>;

interface Synthesized<Manifest extends object> {
  /** Everything that the rows were drawn from, and the resulting statistics. */
  readonly manifest: Manifest;
  /** The result in one line. */
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

/** Copies a block's labels into arrays of all rows. */
export function keepLabels(block: readonly Float32Array[], labels: readonly Float32Array[], at: number): void {
  for (const [k, values] of block.entries()) labels[k]?.set(values, at);
}

/** Formats a value for a line of text; `-` if undefined. */
export function shown(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(4) : '-';
}
