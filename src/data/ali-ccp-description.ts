import { z } from 'zod';

/** What is known of one of the four files once it has been read. */
const partDescription = z.object({
  file: z.string(),
  /** Of the unpacked content. */
  sha256: z.string(),
  /** Rows that were kept. */
  rows: z.int(),
  entries: z.int(),
  /** Rows with a conversion but no click. */
  leftOut: z.int(),
  /** Rows that say another number of features than they have. */
  miscounted: z.int(),
  /** Entries of fields that the file is not known to have. */
  unread: z.object({ count: z.int(), names: z.array(z.string()) }),
  /** By single field, rows that have several entries of it. */
  repeated: z.record(z.string(), z.int()),
  /** By field, distinct ids in this file and in that of the same kind before it. */
  ids: z.record(z.string(), z.int()),
});
export type PartDescription = z.infer<typeof partDescription>;

export function parseDescription(description: unknown): PartDescription {
  return partDescription.parse(description);
}

/** What a user should know of a file, a line each. */
export function partNotes({ file, leftOut, miscounted, unread, repeated }: PartDescription): string[] {
  const notes: string[] = [];
  const rows = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
  if (leftOut > 0) notes.push(`${file}: ${rows(leftOut)} with a conversion but no click left out.`);
  for (const [field, count] of Object.entries(repeated)) {
    notes.push(
      `${file}: ${rows(count)} with several entries of ${field}, which has one elsewhere; the heaviest is kept.`,
    );
  }
  if (miscounted > 0) notes.push(`${file}: ${rows(miscounted)} with another number of features than they say.`);
  if (unread.count > 0) {
    notes.push(`${file}: ${unread.count} entries of fields that are not read (${unread.names.join(', ')}).`);
  }
  return notes;
}
