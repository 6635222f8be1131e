/** Prints a whole number with thousands separators: `123,456`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
