/** The texts that are not empty, with a separator between them. */
export function joined(separator: string, ...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(separator);
}
