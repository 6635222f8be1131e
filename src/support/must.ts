/** Returns a value that can be missing only because of a bug. */
export function must<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`There is no ${what}.`);
  return value;
}
