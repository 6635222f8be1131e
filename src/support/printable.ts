/** Makes text of a config or data set safe for one line: replaces control characters and line ends. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}
