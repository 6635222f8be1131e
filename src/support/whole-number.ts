/** A whole number as it is printed, with thousands apart: `123,456`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
