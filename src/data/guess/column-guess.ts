import type { CalendarPart } from '../dataset.js';
import { type Condition, numberOf, shown } from '../table/cell.js';
import type { ColumnFacts, FrequentValue } from './column-facts.js';
import { type ColumnWords, columnWords } from './column-words.js';

/** Number of indexes of a hash. With no more values, a dictionary is smaller. */
const hashSize = 2 ** 18;
/** A text column with more distinct values is not a label. */
const mostClasses = 20;
/**
 * An unnamed column of whole numbers without gaps, with at least this many distinct values, contains numbers of users
 * or items. Ages and percentages have fewer values.
 */
const manyNumbered = 150;
/** Large numbers that are more spread are amounts, such as money. Ids that are drawn evenly from 0 on have 9. */
const mostSpread = 20;
/**
 * With at least this many values, and fewer rows than this per value on average, a model memorizes the rows. Simulated
 * feeds had 5, 20, 80 and 400 rows for each user. A penalty of .001 gained .0051, .0015, .0012 and .0007 AUC of clicks,
 * and runs took no longer.
 */
const [manyValues, fewRows] = [1000, 100];
/** With this many rows, distinct values in every row, or values that equal the row number, are not chance. */
const enoughRows = 100;
const positives = /^(yes|y|true|t|positive|pos|won|win|success|good)$/i;

/** What the config should say about a column, and why. `kind` undefined: the inferred kind is right. */
export interface InputGuess {
  readonly kind?:
    | 'categorical'
    | 'ignored'
    | {
        readonly kind: string;
        readonly hash?: number;
        readonly separator?: string;
        readonly parts?: readonly CalendarPart[];
      };
  readonly why?: string;
}

interface LabelOptions {
  readonly column?: string;
  readonly positive?: Condition;
  readonly regression?: boolean;
  readonly multiclass?: readonly string[];
}

/** A column as a task. */
export interface TaskGuess {
  /** The loader's options. */
  readonly options: LabelOptions;
  /** Keys of the entry in `tasks` besides the name. */
  readonly entry: object;
  /** Remark on the values. */
  readonly remark: string;
  /** For a binary task: rows of the rarer class. */
  readonly rarer?: number;
}

/** Guesses the role of a column from its name and from facts about all rows. */
export class ColumnGuess {
  readonly facts: ColumnFacts;
  readonly name: string;
  readonly words: ColumnWords;

  constructor(facts: ColumnFacts) {
    this.facts = facts;
    this.name = facts.name;
    this.words = columnWords(facts.name);
  }

  /** Whether all values are 0 or 1. */
  isBinary(): boolean {
    const { different, values } = this.facts;
    return (
      different > 0 &&
      values.length === different &&
      values.every(({ text }) => /^(0|1|0\.0|1\.0|true|false)$/i.test(text))
    );
  }

  /** Whether any cell is missing. */
  hasMissing(): boolean {
    return this.facts.present < this.facts.rows;
  }

  /** Whether it has more than one value. */
  varies(): boolean {
    return this.facts.different > 1;
  }

  /** The value that most rows of a numeric column have, such as 0 in an amount. */
  mostlyOne(): string | undefined {
    const [first] = this.facts.values;
    return this.facts.kind === 'numeric' && first && first.count > this.facts.present / 2 ? first.text : undefined;
  }

  /** Whether it may be a label that was not seen as one: two values of which one means yes, 0 and 1, or a usual name. */
  mayBeLabel(): boolean {
    const { different, values } = this.facts;
    if (!this.canBeLabel()) return false;
    return (
      this.isBinary() || (different === 2 && values.some(({ text }) => positives.test(text))) || this.words.predicted
    );
  }

  /** Whether it has two values, or numbers that are neither ids nor times. */
  canBeLabel(): boolean {
    const numbers = this.#areNumbers() && !this.isTime() && !this.#isId() && !this.facts.countsRows;
    return this.varies() && (this.isBinary() || this.facts.different === 2 || numbers);
  }

  /** Whether the name is that of a label, and the values suit it. */
  isNamedLabel(): boolean {
    if (this.isBinary() || this.facts.different === 2) return this.words.outcome;
    return this.words.amount && !this.words.id && this.#areNumbers();
  }

  /** Undefined: too many texts for a label, or only one value. */
  task(): TaskGuess | undefined {
    const { different, present, rows, values, smallest, largest } = this.facts;
    const missing = rows - present;
    const outside =
      missing > 0 ? `; empty in ${percent(missing, rows)} of the rows, which are outside its sample space` : '';
    const binary = (options: LabelOptions, ones: number, remark: string) => ({
      options,
      entry: { type: 'binary' },
      remark: `${percent(ones, present)} are${remark}${outside}`,
      rarer: Math.min(ones, present - ones),
    });
    if (this.isBinary()) {
      const ones = values.filter(({ text }) => /^(1|1\.0|true)$/i.test(text));
      return binary({}, countOf(ones), this.varies() ? ' 1' : ' 1 (the same in every row)');
    }
    if (different !== 2 && this.#areNumbers()) {
      const remark = `numbers from ${short(smallest)} to ${short(largest)}${this.#scale()}${outside}`;
      return { options: { regression: true }, entry: { type: 'regression', standardize: true }, remark };
    }
    if (different > mostClasses || different < 2) return undefined;
    if (different > 2) {
      const rarest = values.at(-1);
      const remark = `${different} classes; the rarest is ${shown(rarest?.text ?? '')} (${percent(rarest?.count ?? 0, present)})${outside}; --task 'NAME=${this.name}==VALUE' makes a binary task`;
      return { options: { multiclass: values.map(({ text }) => text) }, entry: { type: 'multiclass' }, remark };
    }
    const positive = this.#positive();
    const others = values.filter((value) => value !== positive).map(({ text }) => shown(text));
    return binary({ positive: this.#conditionOf(positive) }, positive.count, `; others: ${others.join(', ')}`);
  }

  /** The parts of a time as inputs. @param taken Those that other columns have. */
  timeInput(taken: readonly string[]): InputGuess {
    const parts = this.facts.time?.parts.filter((part) => !taken.includes(part)) ?? [];
    if (parts.length === 0) return this.input();
    const later = parts.includes('month') ? 'months that training lacks are unseen, and ' : '';
    const why = `a time, by its parts; with a split by time, see below, ${later}\`days\` would lie beyond training's range`;
    return { kind: { kind: 'time', parts }, why };
  }

  /** The column as an input. */
  input(): InputGuess {
    const { different, present, rows, numbers, kind, separated, countsRows } = this.facts;
    const { words } = this;
    if (different === 0) return { kind: 'ignored', why: 'has no value' };
    if (different === 1 && present === rows) return { kind: 'ignored', why: 'is the same in every row' };
    const separator = (['|', ';'] as const).find((mark) => separated[mark] > present / 3);
    if (kind === 'list') return {};
    if (separator) return { kind: { kind: 'list', separator }, why: `looks like lists that '${separator}' separates` };
    if (rows > enoughRows && countsRows) return { kind: 'ignored', why: 'numbers the rows' };
    const rare = rows > enoughRows && different > present * (words.id ? 0.9 : 0.5);
    if (words.row && rare) return { kind: 'ignored', why: 'has almost a value of its own in every row' };
    if (this.isTime()) return { kind: 'ignored', why: this.#timeRemark() };
    const id = this.#isId();
    if (kind === 'numeric' && !id) {
      if (numbers < present && numbers > 0 && words.amount)
        return { kind: 'ignored', why: `a label by its name, but ${shown(this.facts.odd[0] ?? '')} is no number` };
      if (this.#areWhole() && words.calendar && different <= 60)
        return { kind: 'categorical', why: 'a part of the calendar' };
      return {};
    }
    if (rare) {
      const why = `has almost a value of its own in every row${id || words.id ? '' : ' (an id? a text?)'}`;
      return { kind: 'ignored', why };
    }
    if (different > hashSize)
      return { kind: { kind: 'categorical', hash: hashSize }, why: `${different} different, so hashed` };
    if (kind === 'numeric') return { kind: 'categorical', why: `${this.#idRemark()}: ${different} different` };
    return {};
  }

  /** Whether it is a time by its name, or without a name by its values, with enough distinct ones to split the rows. */
  isTime(): boolean {
    const { different, time, unnamed } = this.facts;
    return time !== undefined && different >= 20 && (this.words.time || (unnamed && time.form !== 'days since 1970'));
  }

  /** Whether the loader can split by it. */
  canSplit(): boolean {
    return this.isTime() && !this.hasMissing() && this.facts.time?.ambiguous !== true;
  }

  /** Whether it identifies users, many of whom have several rows. */
  isUserWithRows(): boolean {
    const { different, present } = this.facts;
    return this.words.user && different >= 20 && present >= 2 * different;
  }

  /** Whether it has many categories with few rows each. */
  isSparse(): boolean {
    const { different, present } = this.facts;
    return different >= manyValues && present < fewRows * different;
  }

  /** Whether it has numbers and a few other texts, which the loader treats as missing values. */
  hasOddTexts(): boolean {
    return this.facts.kind === 'numeric' && this.facts.odd.length > 0;
  }

  /** The first of the other texts, and their number. */
  oddTexts(): string {
    const { odd, numbers, present } = this.facts;
    const texts = odd.length > 5 ? [...odd.slice(0, 5).map(shown), '…'] : odd.map(shown);
    return `${texts.join(', ')} (${percent(present - numbers, present)} of the values)`;
  }

  #timeRemark(): string {
    const { time } = this.facts;
    if (time?.ambiguous) return 'dates of which day and month cannot be told apart: 2024-05-31 would be clear';
    const missing = this.hasMissing() ? ', but some rows have none, which a split by time refuses' : '';
    const odd =
      time?.odd === undefined ? '' : `, but no calendar has ${shown(time.odd)}, which a split by time refuses`;
    const unnamed = this.words.time ? '' : ` by its values (${time?.form})`;
    return `a time${unnamed}: for a split by time, see below${odd || missing}`;
  }

  #isId(): boolean {
    const { numbers, beyondFloat, spread, zerosInFront, time } = this.facts;
    if (!this.#areWhole()) return false;
    const large = beyondFloat > numbers / 2 && spread <= mostSpread && time === undefined;
    return this.#isNamedId() || large || zerosInFront > 0 || this.#isNumbered();
  }

  /** A name such as `campaign` may also be that of a count: calls in a campaign. */
  #isNamedId(): boolean {
    return this.words.id && !(this.words.thing && this.facts.ordered);
  }

  #idRemark(): string {
    if (this.#isNamedId()) return 'an id by its name';
    if (this.facts.zerosInFront > 0) return 'a code? with zeros in front';
    return this.#isNumbered() ? 'an id? whole numbers without gaps' : 'an id? too large for a number';
  }

  /** Whether values look like numbers of users or items. */
  #isNumbered(): boolean {
    const { unnamed, different, smallest, largest, present } = this.facts;
    const dense = different >= manyNumbered && different >= 0.9 * (largest - smallest + 1);
    return unnamed && dense && (smallest === 0 || smallest === 1) && present >= 2 * different;
  }

  /** Whether values are whole numbers, apart from a few other texts. */
  #areWhole(): boolean {
    const { whole, numbers, present } = this.facts;
    return whole && numbers > 0 && numbers >= 0.95 * present;
  }

  #areNumbers(): boolean {
    return this.facts.numbers > 0 && this.facts.numbers === this.facts.present;
  }

  /** For a few whole numbers, such as stars: how to turn them into a binary task. */
  #scale(): string {
    const { different, whole, values, present } = this.facts;
    if (!whole || different < 3 || different > 11) return '';
    const shareFrom = (least: FrequentValue) =>
      countOf(values.filter(({ text }) => Number(text) >= Number(least.text))) / present;
    const farFromHalf = (value: FrequentValue) => Math.abs(shareFrom(value) - 0.5);
    const [good] = values.toSorted((a, b) => farFromHalf(a) - farFromHalf(b));
    return good ? `; --task 'liked=${this.name}>=${Number(good.text)}' makes a binary task` : '';
  }

  /** The positive value: a word that means yes; else the largest number; else the rarest value. */
  #positive(): FrequentValue {
    const values = this.facts.values.toReversed();
    const said = values.find(({ text }) => positives.test(text));
    const largest = this.#areNumbers() ? values.toSorted((a, b) => Number(b.text) - Number(a.text))[0] : undefined;
    const positive = said ?? largest ?? values[0];
    if (!positive) throw new Error(`Column '${this.name}' has no value`);
    return positive;
  }

  /** The value as a condition. A text that looks like a comparison is protected. */
  #conditionOf({ text, forms }: FrequentValue): Condition {
    if (this.#areNumbers()) return numberOf(text);
    return forms.length > 1 || /^[<>!=]/.test(text) ? [...forms] : text;
  }
}

function countOf(values: readonly FrequentValue[]): number {
  return values.reduce((sum, { count }) => sum + count, 0);
}

const short = (value: number) => Number(value.toPrecision(4));

export function percent(part: number, whole: number): string {
  return `${whole > 0 ? ((100 * part) / whole).toPrecision(3) : '-'} %`;
}
