export function percent(part: number, whole: number): string {
  return `${whole > 0 ? ((100 * part) / whole).toPrecision(3) : '-'} %`;
}
