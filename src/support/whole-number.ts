/** Prints a whole number with thousands separators: `123,456`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 run`, `12 runs` */
export function counted(count: number, what: string): string {
  return `${wholeNumber(count)} ${what}${count === 1 ? '' : 's'}`;
}
