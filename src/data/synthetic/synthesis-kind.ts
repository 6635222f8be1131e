import { basename } from 'node:path';
import type { z } from 'zod';
import { writeWhole } from '../../support/whole-file.js';
import { type CommonStatistics, commonLabelStatistics } from '../label-statistics.js';
import { type Generated, inTurns } from '../store/generated-source.js';
import { formatOf, writeTable } from '../write/write-file.js';

/** Gets the number of rows read, and of all rows. If it throws, the writing ends and leaves nothing. */
type Progress = (done: number, total: number) => void;

/** Everything that the rows were drawn from, the resulting statistics, and the result in one line. */
interface Made<Manifest extends object> {
  readonly manifest: Manifest;
  readonly summary: string;
}

export interface SynthesisKind<Manifest extends object = object> {
  readonly name: string;
  readonly options: z.ZodObject;
  /**
   * Draws the process that rows come from.
   * @param options Raw options, which are parsed (fails on what the schema refuses).
   * @returns a function that writes a table in the format of the path's ending, and `<path>.manifest.json`. The same
   * options give the same bytes.
   * @throws ConfigError for impossible options, and for an unknown ending of the path.
   */
  prepare(options: unknown, path: string): (progress: Progress) => Promise<Made<Manifest>>;
}

export function defineSynthesisKind<Options extends z.ZodObject, Manifest extends object>(definition: {
  readonly name: string;
  readonly options: Options;
  /** Of the manifest. */
  readonly schema: number;
  readonly prepare: (options: z.infer<Options>) => (path: string, progress: Progress) => Promise<Made<Manifest>>;
}) {
  const { name, options, schema, prepare } = definition;
  return {
    name,
    options,
    prepare(given: unknown, path: string) {
      formatOf(path); // fails before anything is drawn
      const write = prepare(options.parse(given));
      return async (progress: Progress) => {
        const { manifest: own, summary } = await write(path, progress);
        const manifest = { schema, kind: name, file: basename(path), ...own };
        await writeWhole(`${path}.manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
        return { manifest, summary };
      };
    },
  };
}

const outputKinds = { numeric: 'float', categorical: 'integer', list: 'list' } as const;

/** Writes a generator's training rows. @returns statistics of their labels. */
export async function writeRows(path: string, generated: Generated, progress: Progress): Promise<CommonStatistics> {
  const { columns, tasks } = generated.stored;
  const { labels, blocks } = keptLabels(generated, progress);
  await writeTable(
    path,
    [...columns, ...tasks].map((column) => ({
      name: column.name,
      kind: 'kind' in column ? outputKinds[column.kind] : 'float',
    })),
    blocks,
  );
  return commonLabelStatistics(labels);
}

/** A generator's training rows, and their labels when all blocks are read. */
export function keptLabels({ stored, blocks }: Generated, progress: Progress) {
  const { train: rows } = stored.rows;
  const labels = stored.tasks.map(() => new Float32Array(rows));
  async function* read() {
    let done = 0;
    for await (const block of inTurns(blocks('train'))) {
      for (const [k, values] of block.labels.entries()) labels[k]?.set(values, done);
      done += block.rows;
      progress(done, rows);
      yield { rows: block.rows, columns: [...block.columns, ...block.labels] };
    }
  }
  return { labels, blocks: read() };
}

/** Formats a value for a line of text; `-` if undefined. */
export function shown(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(4) : '-';
}
