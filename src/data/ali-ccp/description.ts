/** What is known of one of the four files once it has been read. */
export interface FileDescription {
  readonly file: string;
  /** Of the unpacked content. */
  readonly sha256: string;
  /** Rows that were kept. */
  readonly rows: number;
  readonly entries: number;
  /** Rows with a conversion but no click. */
  readonly leftOut: number;
  /** Rows that say another number of features than they have. */
  readonly miscounted: number;
  /** Entries of fields that the file is not known to have. */
  readonly unread: { readonly count: number; readonly names: readonly string[] };
  /** By single field, rows that have several entries of it. */
  readonly repeated: Readonly<Record<string, number>>;
}

/** What a user should know of a file, a line each. */
export function fileNotes({ file, leftOut, miscounted, unread, repeated }: FileDescription): string[] {
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
