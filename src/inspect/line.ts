/** Squared correlation of two variables, seen pair by pair: the share of one's variance that a straight line explains. */
export class Line {
  #rows = 0;
  #first: readonly [number, number] = [0, 0];
  readonly #sums = { x: 0, y: 0, xx: 0, xy: 0, yy: 0 };

  /** A pair in which one is missing or infinite is left out. Sums are of differences from the first pair: large means cost no digits. */
  add(x: number, y: number): void {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    if (this.#rows++ === 0) this.#first = [x, y];
    const [dx, dy] = [x - this.#first[0], y - this.#first[1]];
    this.#sums.x += dx;
    this.#sums.y += dy;
    this.#sums.xx += dx * dx;
    this.#sums.xy += dx * dy;
    this.#sums.yy += dy * dy;
  }

  /** Null if one of them does not vary. */
  get explained(): number | null {
    const { x, y, xx, xy, yy } = this.#sums;
    const [spreadX, spreadY] = [xx - (x * x) / this.#rows, yy - (y * y) / this.#rows];
    if (!(spreadX > 0 && spreadY > 0)) return null;
    return (xy - (x * y) / this.#rows) ** 2 / (spreadX * spreadY);
  }
}
