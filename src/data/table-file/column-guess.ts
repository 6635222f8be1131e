import { type Cell, numberOf, shown, textOf } from './cell.js';
import { type ColumnWords, columnWords } from './column-words.js';
import { type Condition, compileCondition } from './condition.js';
import { KindInference, looksLikeDate, numberOfTime } from './scan.js';
import { usualMissing } from './table-options.js';

const mostDifferent = 10_000;
/** Of ids with more values than this among the first rows, many more are to be expected. */
const manyIds = 5_000;
/** Further marks of missing values: those of pandas.read_csv, and what tables of the UCI repository have. */
const otherMarks = ['?', '-', 'N/A', 'n/a', '#N/A', '#NA', '<NA>', '-NaN', '-nan', 'None', '.'];
const positives = /^(yes|y|true|t|positive|pos|won|win|success|good)$/i;

export function isMissing(cell: Cell, marks: readonly string[] = usualMissing): boolean {
  return cell === null || (typeof cell === 'string' && marks.includes(cell.trim()));
}

/** What a column should be told to be, and why. `kind` undefined: what is inferred will do. */
export interface InputGuess {
  readonly kind?:
    | 'categorical'
    | 'ignored'
    | { readonly kind: string; readonly hash?: number; readonly separator?: string };
  readonly why?: string;
}

/** What the first rows say about one column. */
export class ColumnGuess {
  readonly name: string;
  readonly words: ColumnWords;
  readonly #missing: readonly string[];
  readonly #kind = new KindInference();
  readonly #values = new Map<string, number>();
  #rows = 0;
  #present = 0;
  #numbers = 0;
  /** The first text that is no number. */
  #other: string | undefined;
  #last = Number.NaN;
  #sequence = true;
  readonly #lists: Record<string, number> = { '|': 0, ';': 0 };

  /** @param missing Texts that stand for a missing value. */
  constructor(name: string, missing: readonly string[] = usualMissing) {
    this.name = name;
    this.#missing = missing;
    this.words = columnWords(name);
  }

  add(cell: Cell): void {
    this.#rows++;
    if (isMissing(cell, this.#missing)) return;
    this.#present++;
    this.#kind.add(cell);
    const text = textOf(cell);
    for (const separator of Object.keys(this.#lists))
      if (text.includes(separator)) this.#lists[separator] = (this.#lists[separator] ?? 0) + 1;
    const number = numberOf(cell);
    if (Number.isNaN(number)) this.#other ??= text;
    else this.#numbers++;
    this.#sequence &&= this.#present === 1 || number === this.#last + 1;
    this.#last = number;
    const count = this.#values.get(text);
    if (count !== undefined || this.#values.size < mostDifferent) this.#values.set(text, (count ?? 0) + 1);
  }

  get kind(): 'numeric' | 'categorical' | 'list' | undefined {
    return this.#kind.kind();
  }

  /** The share of the present values that meet a condition, in percent. */
  shareThatMeets(condition: Condition): string {
    const meets = compileCondition(condition);
    return percent(
      this.#countOf((text) => meets(text) === true),
      this.#present,
    );
  }

  /** 0 and 1 alone, or one of them. */
  isBinary(): boolean {
    return (
      this.#values.size > 0 && [...this.#values.keys()].every((text) => /^(0|1|0\.0|1\.0|true|false)$/i.test(text))
    );
  }

  /** Whether a cell is missing. */
  hasMissing(): boolean {
    return this.#present < this.#rows;
  }

  /** Marks of missing values among numbers; none where there are other texts too. */
  marks(): readonly string[] {
    const texts = [...this.#values.keys()].filter((text) => Number.isNaN(numberOf(text)));
    const marks = texts.map((text) => text.trim());
    return texts.length < this.#values.size / 2 && marks.every((text) => otherMarks.includes(text)) ? marks : [];
  }

  /** Whether a text is among the values. */
  has(text: string): boolean {
    return [...this.#values.keys()].some((value) => value.trim() === text);
  }

  /** The value that most rows of a numeric column have, as an amount that is mostly 0. */
  mostlyOne(): string | undefined {
    if (this.kind !== 'numeric') return undefined;
    return [...this.#values].find(([, count]) => count > this.#present / 2)?.[0];
  }

  /** More than one value. */
  varies(): boolean {
    return this.#values.size > 1;
  }

  /** More than a few numbers, or two values. */
  canBeLabel(): boolean {
    return this.isBinary() || this.#values.size === 2 || this.kind === 'numeric';
  }

  /** A label by its name, and by values that suit the name. */
  isNamedLabel(): boolean {
    if (this.isBinary() || this.#values.size === 2) return this.words.outcome;
    return this.kind === 'numeric' ? this.words.amount : this.words.amount && this.#areNumbers() && !this.words.id;
  }

  /** The loader's options of the task, the run's, and a remark on the values. Undefined: too many texts to make a label of. */
  task(): { readonly options: object; readonly entry: object; readonly remark: string } | undefined {
    const { name } = this;
    const entry = { name, type: 'binary' };
    const missing = this.#rows - this.#present;
    const outside =
      missing > 0 ? `; empty in ${percent(missing, this.#rows)} of the rows, which are outside its sample space` : '';
    if (this.isBinary()) {
      const ones = this.#countOf((text) => /^(1|1\.0|true)$/i.test(text));
      const sorted = this.varies() ? '' : ' (is the file sorted by it?)';
      return { options: {}, entry, remark: `${percent(ones, this.#present)} are 1${sorted}${outside}` };
    }
    if (this.#values.size !== 2 && this.#areNumbers()) {
      const numbers = [...this.#values.keys()].map((text) => numberOf(text));
      const remark = `numbers from ${short(Math.min(...numbers))} to ${short(Math.max(...numbers))}${outside}`;
      return { options: { regression: true }, entry: { name, type: 'regression', standardize: true }, remark };
    }
    if (this.#values.size > 20 || this.#values.size < 2) return undefined;
    const positive = this.#positive();
    const others = [...this.#values.keys()].filter((text) => text !== positive).map(shown);
    const share = percent(this.#values.get(positive) ?? 0, this.#present);
    return {
      options: { positive: this.#conditionOf(positive) },
      entry,
      remark: `${share} are; others: ${others.join(', ')}${outside}`,
    };
  }

  /** As an input. @param whole All rows of the file were seen. */
  input(whole: boolean): InputGuess {
    const different = this.#values.size;
    const { words } = this;
    if (different === 0) return { kind: 'ignored', why: 'has no value' };
    if (different === 1 && this.#present === this.#rows) return { kind: 'ignored', why: 'is the same in every row' };
    const [separator] = Object.entries(this.#lists).find(([, count]) => count > this.#present / 3) ?? [];
    if (separator) return { kind: { kind: 'list', separator }, why: `looks like lists that '${separator}' separates` };
    if (this.kind === 'list') return {};
    const enough = this.#rows > 100;
    if (enough && this.#sequence && this.#present === this.#rows) return { kind: 'ignored', why: 'numbers the rows' };
    const rare = enough && (different >= mostDifferent || different > this.#present * (words.id ? 0.9 : 0.5));
    if (words.row && rare) return { kind: 'ignored', why: 'has almost a value of its own in every row' };
    if (words.time && this.isTime()) {
      const day = [...this.#values.keys()].find((text) => Number.isNaN(numberOfTime(text)));
      const odd = day === undefined ? '' : `, but no calendar has ${shown(day)}, which a split by time refuses`;
      return { kind: 'ignored', why: `a time: for a split by time, see below${odd}` };
    }
    const writing = this.#otherWriting();
    if (writing) return { kind: 'ignored', why: writing };
    const other = this.#otherThanNumbers();
    if (other !== undefined && words.amount)
      return { kind: 'ignored', why: `a label by its name, but ${shown(other)} is no number` };
    if (other !== undefined && !words.id)
      return {
        kind: 'categorical',
        why: `numbers but for ${shown(other)}: numeric, if dataset.missing lists that, with those of its defaults that the file has`,
      };
    const integers = this.#areNumbers(Number.isInteger);
    const id = integers && (words.id || this.#beyondFloat());
    if (this.kind === 'numeric' && !id) {
      if (integers && words.calendar && different <= 60) return { kind: 'categorical', why: 'a part of the calendar' };
      return {};
    }
    if (rare && (whole || !words.id)) {
      const why = `has almost a value of its own in every row${id || words.id ? '' : ' (an id? a text?)'}`;
      return { kind: 'ignored', why };
    }
    const seen = `${different >= mostDifferent ? `over ${mostDifferent}` : different} different`;
    if (different > manyIds)
      return { kind: { kind: 'categorical', hash: 2 ** 18 }, why: `${seen} in the first rows, so hashed` };
    if (this.kind === 'numeric')
      return { kind: 'categorical', why: `an id${words.id ? ' by its name' : '? too large for a number'}: ${seen}` };
    return {};
  }

  /** Dates (whether a calendar has them or not), or seconds or milliseconds since 1970, with enough different ones to cut the rows by. */
  isTime(): boolean {
    return (
      this.#values.size >= 20 &&
      [...this.#values.keys()].every((text) => {
        const number = numberOf(text);
        return Number.isNaN(number) ? looksLikeDate(text) : number > 1e8;
      })
    );
  }

  /** Numbers, some of them with a comma where others have a point. */
  hasDecimalCommas(): boolean {
    const texts = [...this.#values.keys()];
    return (
      texts.length >= 20 &&
      texts.every((text) => /^\s*[-+]?\d*(,\d+)?\s*$/.test(text)) &&
      texts.some((text) => text.includes(','))
    );
  }

  /** Why dates of a country's writing are none: as categories they would say little. */
  #otherWriting(): string | undefined {
    const texts = [...this.#values.keys()];
    if (texts.length < 20) return undefined;
    if (texts.every((text) => /^\s*\d{1,2}[./-]\d{1,2}[./-]\d{4}\b/.test(text)))
      return 'dates: written as 2024-05-31, they can split by time';
    return undefined;
  }

  /** The first text of a column that has more than a few numbers, and hardly anything else. */
  #otherThanNumbers(): string | undefined {
    return this.#values.size > 20 && this.#numbers > 0.95 * this.#present ? this.#other : undefined;
  }

  #areNumbers(test: (value: number) => boolean = () => true): boolean {
    return (
      this.#values.size > 0 &&
      [...this.#values.keys()].every((text) => !Number.isNaN(numberOf(text)) && test(Number(text)))
    );
  }

  /** Whole numbers of which 32-bit floats cannot tell all apart. */
  #beyondFloat(): boolean {
    return [...this.#values.keys()].some((text) => Math.abs(Number(text)) > 2 ** 24);
  }

  #countOf(test: (text: string) => boolean): number {
    return [...this.#values].reduce((sum, [text, count]) => sum + (test(text) ? count : 0), 0);
  }

  /** Of two numbers the larger; a word that says so; else the rarest. */
  #positive(): string {
    const texts = [...this.#values].toSorted(([, a], [, b]) => a - b).map(([text]) => text);
    const said = texts.find((text) => positives.test(text.trim()));
    if (said !== undefined) return said;
    if (this.#areNumbers()) return texts.toSorted((a, b) => Number(b) - Number(a))[0] ?? '';
    return texts[0] ?? '';
  }

  /** As a condition, in which a text that begins like a comparison would be one. */
  #conditionOf(text: string): string | number | string[] {
    if (this.#areNumbers()) return Number(text);
    return /^[<>!=]/.test(text) ? [text] : text;
  }
}

const short = (value: number) => Number(value.toPrecision(4));

function percent(part: number, whole: number): string {
  return `${whole > 0 ? ((100 * part) / whole).toPrecision(3) : '-'} %`;
}
