/** What a column's name alone says. */
export interface ColumnWords {
  /** A result of the row: `clicked`, `is_bought`, `label`, `ctr`. */
  readonly outcome: boolean;
  /** A word that names an outcome in some files and a property in others: `default`, `order`. */
  readonly ambiguous: boolean;
  /** An amount that results from the row: `watch_seconds`, `rating`, `revenue`, `target`. */
  readonly amount: boolean;
  /** An amount that is often predicted, and often known: `price`, `salary`, `arr_delay`. */
  readonly predicted: boolean;
  /** An identifier or a category: `user_id`, `itemId`, `sku`, `city`. */
  readonly id: boolean;
  /** The name of what an identifier or a category names, without a word for it: `city`, `campaign`. */
  readonly thing: boolean;
  /** The acting person: `user_id`, `customer`. */
  readonly user: boolean;
  /** The row's own number: `id`, `row_number`, `impression_id`. */
  readonly row: boolean;
  /** A part of the calendar: `hour`, `weekday`. */
  readonly calendar: boolean;
}

export function columnWords(name: string): ColumnWords {
  const words = splitWords(name);
  const last = words.at(-1) ?? '';
  const any = (set: ReadonlySet<string>) => words.some((word) => set.has(word));
  const past = any(history) || words.some((word) => /^\d+(d|h|w|days?|hours?|weeks?)$/.test(word));
  const result = words.some((word) => /^(y|label|target)\d*$/.test(word)) || any(results);
  const classes = /^class(_?\d+)?$/.test(words.join('_'));
  const verb = /[a-z]{3,}ed$/.test(last) && !states.has(last);
  return {
    outcome: !past && (result || classes || any(events) || verb),
    ambiguous: words.length === 1 && ambiguous.has(last),
    amount: !past && (result || any(amounts) || (any(measures) && any(attention))),
    predicted: !past && predicted.has(last),
    id: idEndings.has(last) || entities.has(last) || (/^[a-z]+id$/.test(last) && entities.has(last.slice(0, -2))),
    thing: entities.has(last),
    user: people.has(last.replace(/id$/, '')) || (any(people) && idEndings.has(last)),
    row: rowNumber.test(words.join('_')),
    calendar: calendar.has(last) || calendar.has(words.slice(-3).join('')),
  };
}

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
    'survived died success failure default return order',
);
const ambiguous = set('default order return open play view watch visit enter forward success failure');
const amounts = set('rating ratings stars revenue spend spent gmv ltv dwell watchtime playtime profit completion');
const predicted = set('price cost salary wage income sales score delay demand');
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
const people = set('user users customer client member visitor patient student player account');
const rowNumber =
  /^(id|index|idx|unnamed_0|no|nr|row_?names?|(row|line|record|sample|impression|event|request|log)(_?(id|number|no|nr|index))?)$/;
const calendar = set('hour hourmin weekday dow dayofweek month day week quarter hourofday dayofmonth weekofyear');
