/** Text of a config or data set for one line of a terminal or file: without characters that steer a terminal or end a line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}
