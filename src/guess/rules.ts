import type { ColumnFacts } from './column-facts.js';

/** What the config says about an input. `inferred`: nothing, as the kind that the loader infers is right. */
type InputKind = 'inferred' | 'categorical' | 'ignored' | { readonly kind: string; readonly [option: string]: unknown };

/** Number of indexes of a hash. With no more values, a dictionary is smaller. */
const hashSize = 2 ** 18;

/** Ten rules for columns that are no tasks, from top to bottom: the first whose test holds is taken. */
const inputRules: readonly (readonly [
  test: (column: ColumnFacts) => unknown,
  kind: InputKind | ((column: ColumnFacts) => InputKind),
  why: string,
])[] = [
  [
    (c) => nameSays(c) === 'a label',
    'ignored',
    'left out for its name, which labels often have; known before? Then delete this line',
  ],
  [(c) => c.present === 0, 'ignored', 'has no value'],
  [(c) => c.different === 1 && c.present === c.rows, 'ignored', 'is the same in every row'],
  [separator, (c) => ({ kind: 'list', separator: separator(c) }), 'lists?'],
  [(c) => c.parts, ({ parts }) => ({ kind: 'time', parts }), 'a time by its values: its parts'],
  [isOfRows, 'ignored', 'has almost a value of its own in every row'],
  [(c) => c.kind === 'numeric' && c.different <= 60 && calendar.has(lastWord(c)), 'categorical', 'of the calendar'],
  [
    (c) => (isId(c) || c.kind === 'categorical') && c.different > hashSize,
    { kind: 'categorical', hash: hashSize },
    'ids',
  ],
  [(c) => c.kind === 'numeric' && isId(c), 'categorical', 'an id?'],
  [() => true, 'inferred', ''],
];

export interface Input {
  readonly name: string;
  readonly kind: InputKind;
  readonly why: string;
  /** Absent for a column whose type is not supported. */
  readonly column?: ColumnFacts;
}

/** What the first rule says. */
export function inputGuess(column: ColumnFacts): Input {
  const [, kind, why] = inputRules.find(([test]) => test(column)) ?? ['', 'inferred', ''];
  return { name: column.name, kind: typeof kind === 'function' ? kind(column) : kind, why, column };
}

/** The label columns, and why. Of the choices, from top to bottom, the first that has columns is taken. */
export function guessedLabels(
  columns: readonly ColumnFacts[],
): readonly (readonly [column: ColumnFacts, why: string])[] {
  const possible = columns.filter(canBeLabel);
  const named = (says: ReturnType<typeof nameSays>) => possible.filter((column) => nameSays(column) === says);
  const bits = columns.slice(columns.findLastIndex((column) => !isBinary(column)) + 1);
  const choices: readonly (readonly [labels: readonly ColumnFacts[], why: string])[] = [
    [named('a label'), 'a label by its name'],
    [named('perhaps').slice(-1), 'a label? Its name may be one'],
    [bits.length < columns.length ? bits : [], 'a label? 0 and 1, at the end of the row'],
    [possible.slice(-1), 'a label? The last column that can be one'],
  ];
  const [labels = [], why = ''] = choices.find(([some]) => some.length > 0) ?? [];
  return labels.map((column) => [column, why]);
}

/** Whether it has two values, or numbers that are neither ids nor times. */
export function canBeLabel(column: ColumnFacts): boolean {
  const areAmounts = column.numbers === column.present && !column.parts && !isOfRows(column) && !isId(column);
  return column.different === 2 || (column.different > 2 && areAmounts);
}

/** Whether a name is that of a result of the row: of an event if there are two values, else of an amount. */
export function nameSays(column: ColumnFacts): 'a label' | 'perhaps' | undefined {
  const { name, different, numbers, present } = column;
  const words = splitWords(name);
  const [any, last] = [(set: ReadonlySet<string>) => words.some((word) => set.has(word)), words.at(-1) ?? ''];
  const isPast = any(history) || words.some((word) => /^\d+(d|h|w|days?|hours?|weeks?)$/.test(word));
  if (isPast || isId(column) || (different > 2 && numbers < 0.9 * present)) return undefined;
  if (perhaps.has(different > 2 ? last : words.join(' '))) return 'perhaps';
  const isResult = any(results) || words.some((word) => /^(y\d+|(label|target)\d*)$/.test(word));
  const isAmount = any(amounts) || (any(measures) && any(attention));
  const isEvent =
    any(events) || /^class_?\d*$/.test(words.join('_')) || (/[a-z]{3,}ed$/.test(last) && !states.has(last));
  return isResult || (different > 2 ? isAmount : isEvent) ? 'a label' : undefined;
}

/** Whether it has the values 0 and 1. */
export function isBinary({ different, values }: ColumnFacts): boolean {
  return different === 2 && values.every(({ texts }) => texts.every((text) => /^([01](\.0)?|true|false)$/i.test(text)));
}

/** Whether whole numbers or texts stand for things: by the name; in a file without names, those that count things. */
export function isId(column: ColumnFacts): boolean {
  const { name, whole, kind, smallest, largest, different, present } = column;
  const isCount = /^\d+$/.test(name) && different >= 150 && smallest >= 0 && largest < different + 1;
  const last = lastWord(column);
  const isNamed =
    idEndings.has(last) || entities.has(last) || (/[a-z]id$/.test(last) && entities.has(last.slice(0, -2)));
  return (whole || kind === 'categorical') && (isNamed || (isCount && present >= 2 * different));
}

/** With this many rows, distinct values in every row are not chance. */
const enoughRows = 100;

/** Almost every row has a value of its own, and the values measure nothing. */
function isOfRows(column: ColumnFacts): boolean {
  const { name, kind, rows, different, present, smallest, largest, whole } = column;
  const isRowNumber = rowNumber.test(splitWords(name).join('_'));
  const countsRows = whole && different === rows && largest - smallest < rows;
  const measures = kind !== 'categorical' && !isId(column) && !isRowNumber;
  return present > enoughRows && (countsRows || (different > present * (isId(column) ? 0.9 : 0.5) && !measures));
}

function separator({ kind, bars, semicolons, present }: ColumnFacts): string | undefined {
  if (kind === 'list') return undefined;
  return bars > present / 3 ? '|' : semicolons > present / 3 ? ';' : undefined;
}

const lastWord = ({ name }: ColumnFacts) => splitWords(name).at(-1) ?? '';

/** `userId`, `user_id` and `User ID` are the same two words. */
function splitWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const results = set('outcome response ctr cvr ctcvr vtr vcr shr cmr ltr');
const events = set(
  'click clicks visit convert conversion purchase buy bought like likes dislike hate share forward comment follow subscribe save reply ' +
    'enter install download signup churn fraud spam cancel complete finish skip watch view play open bounce paid won lost ' +
    'survived died success failure default return order y', // a number `y` may be a coordinate
);
/** Words that name a label in some tables, and what was known before in others. */
const perhaps = set('default order price cost salary wage income sales score delay demand');
const amounts = set('rating ratings stars revenue spend spent gmv ltv dwell watchtime playtime profit completion');
const measures = set(
  'time seconds second secs sec s ms minutes mins duration length ratio rate share percent pct part',
);
const attention = set(
  'watch watched watching view viewed viewing play played playing read reading listen listened dwell stay stayed complete completed',
);
/** Words for what was known before. */
const history = set(
  'prev previous last past hist history historical total avg average mean median max num number count counts cnt ever before ' +
    'prior recent rolling lifetime expected predicted',
);
/** Past participles that are not events, and words that only look like one. */
const states = set(
  'aged allowed authenticated based bed born breed bundled certified colored coloured combined connected dated disabled ' +
    'discounted educated embed employed enabled featured feed fixed furnished handed indeed insured limited localized logged married ' +
    'mixed need owned personalized promoted ranked red registered related rented required seed shaped sized speed sponsored ' +
    'supported targeted unemployed used verified weed weighted',
);
const idEndings = set('id ids uid uuid guid sku asin isbn zip zipcode postcode code hash cookie ip');
const entities = set(
  'user item movie film product ad advert campaign creative author creator advertiser publisher seller merchant store shop brand ' +
    'category genre video song track artist album book customer client member visitor session device browser os channel page site ' +
    'domain app placement city region country state county hotel restaurant course student account',
);
const rowNumber =
  /^(id|index|idx|unnamed_0|no|nr|row_?names?|(row|line|record|sample|impression|event|request|log)(_?(id|number|no|nr|index))?)$/;
const calendar = set('hour hourmin weekday dow dayofweek month day week quarter hourofday dayofmonth weekofyear');
