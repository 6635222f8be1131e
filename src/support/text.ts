/** Makes text of a config or data set safe for one line: replaces control characters and line ends. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}

/** Prints a whole number with thousands separators: `123,456`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 run`, `12 runs` */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${wholeNumber(count)} ${count === 1 ? one : more}`;
}

/** The texts that are not empty, with a separator between them. */
export function joined(separator: string, ...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(separator);
}

/** The first texts of a list, and how many there are if these are not all: `a, b, … (12)`. */
export function someOf(texts: readonly string[], most: number): string {
  const some = texts.slice(0, most).join(', ');
  return texts.length > most ? `${some}, … (${texts.length})` : some;
}

/** A word, quoted for a POSIX shell where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
