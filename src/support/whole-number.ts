/** Prints a whole number with thousands separators: `123,456`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 run`, `12 runs` */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${wholeNumber(count)} ${count === 1 ? one : more}`;
}
