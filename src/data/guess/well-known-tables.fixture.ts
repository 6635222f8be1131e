import { type Random, randomFromSeed } from '../../support/random.js';

/** Made-up rows in the form of public data sets: their columns, kinds of values and ways of writing. */
export interface KnownTable {
  readonly name: string;
  readonly text: string;
}

const pick = (random: Random, values: readonly string[]): string => values[random.below(values.length)] ?? '';
const chance = (random: Random, share: number): boolean => random.uniform() < share;
const lines = (count: number, line: (row: number) => string): string =>
  Array.from({ length: count }, (_, row) => `${line(row)}\n`).join('');

/** UCI Adult: no header, a blank behind each comma, `?` for a missing value. In `adult.test` labels end in a point. */
export function adult(name: 'adult.data' | 'adult.test', rows = 500): KnownTable {
  const random = randomFromSeed(1).stream(name);
  const end = name === 'adult.test' ? '.' : '';
  const text = lines(rows, () => {
    const rich = chance(random, 0.24);
    const columns = [
      17 + random.below(74),
      chance(random, 0.06) ? '?' : pick(random, ['Private', 'State-gov', 'Self-emp-not-inc']),
      12_285 + random.below(1_400_000),
      pick(random, ['Bachelors', 'HS-grad', '11th', 'Masters']),
      1 + random.below(16),
      pick(random, ['Never-married', 'Married-civ-spouse', 'Divorced']),
      chance(random, 0.06) ? '?' : pick(random, ['Adm-clerical', 'Sales', 'Craft-repair']),
      pick(random, ['Not-in-family', 'Husband', 'Wife']),
      pick(random, ['White', 'Black', 'Other']),
      pick(random, ['Male', 'Female']),
      chance(random, 0.08) ? 100 + random.below(99_000) : 0,
      chance(random, 0.05) ? 100 + random.below(4000) : 0,
      chance(random, 0.45) ? 40 : 1 + random.below(99),
      chance(random, 0.02) ? '?' : pick(random, ['United-States', 'Cuba', 'Trinadad&Tobago']),
      `${rich ? '>50K' : '<=50K'}${end}`,
    ];
    return columns.join(', ');
  });
  return { name, text: `${text}\n` };
}

/** KuaiRand: a log of videos, with many kinds of feedback. */
export function kuaiRand(): KnownTable {
  const random = randomFromSeed(2);
  const names =
    'user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,is_hate,long_view,play_time_ms,duration_ms,profile_stay_time,comment_stay_time,is_profile_enter,is_rand,tab';
  const text = lines(1500, (row) => {
    const clicked = chance(random, 0.4);
    const bit = (share: number) => Number(chance(random, share));
    const entered = bit(0.02);
    const columns = [
      random.below(120),
      random.below(200) + 7_000_000,
      20_220_408 + Math.floor(row / 68),
      100 * random.below(24),
      1_649_347_214_324 + row * 57_000 + random.below(1000),
      Number(clicked),
      ...[0.02, 0.01, 0.01, 0.01, 0.004].map(bit),
      bit(0.3),
      clicked || chance(random, 0.5) ? random.below(60_000) : 0,
      5000 + random.below(100_000),
      entered * random.below(9000),
      bit(0.05) * random.below(9000),
      entered,
      bit(0.1),
      random.below(9),
    ];
    return columns.join(',');
  });
  return { name: 'log_standard_4_08_to_4_21_pure.csv', text: `${names}\n${text}` };
}

/** Hillstrom's e-mail campaign: a visit, a conversion of a visit, what a conversion spent. */
export function hillstrom(): KnownTable {
  const random = randomFromSeed(3);
  const text = lines(3000, () => {
    const visited = chance(random, 0.15);
    const converted = visited && chance(random, 0.07);
    const history = 30 + random.uniform() * 3000;
    const columns = [
      1 + random.below(12),
      `${1 + random.below(7)}) $${100 * random.below(9)} - $${100 * (1 + random.below(9))}`,
      history.toFixed(2),
      random.below(2),
      random.below(2),
      pick(random, ['Surburban', 'Urban', 'Rural']),
      random.below(2),
      pick(random, ['Phone', 'Web', 'Multichannel']),
      pick(random, ['Mens E-Mail', 'Womens E-Mail', 'No E-Mail']),
      Number(visited),
      Number(converted),
      converted ? (29.99 + random.below(400)).toFixed(2) : 0,
    ];
    return columns.join(',');
  });
  const names = 'recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend';
  return { name: 'Hillstrom_E-MailAnalytics_2008.03.20.csv', text: `${names}\n${text}` };
}

/** MovieLens 100K's `u.data` (tabs), or `ratings.dat` of 1M (two colons): user, movie, stars, seconds since 1970; no header. */
export function movieLens(name: 'u.data' | 'ratings.dat'): KnownTable {
  const random = randomFromSeed(4);
  const stars = ['1', '2', '3', '3', '3', '4', '4', '4', '5', '5'];
  const text = lines(2000, () =>
    [1 + random.below(150), 1 + random.below(150), pick(random, stars), 874_724_710 + random.below(18_000_000)].join(
      name === 'u.data' ? '\t' : '::',
    ),
  );
  return { name, text };
}

/** Bank marketing, sorted by date: semicolons, texts in quotes. In the first calls nobody had been called before. */
export function bankMarketing(): KnownTable {
  const random = randomFromSeed(5);
  const names =
    'age job marital education default balance housing loan contact day month duration campaign pdays previous poutcome y';
  const quoted = (value: string) => `"${value}"`;
  const word = (...values: readonly string[]) => quoted(pick(random, values));
  const text = lines(1200, (row) => {
    const before = row > 1000 && chance(random, 0.6);
    const columns = [
      18 + random.below(70),
      word('management', 'technician', 'blue-collar', 'unknown'),
      word('married', 'single', 'divorced'),
      word('primary', 'secondary', 'tertiary', 'unknown'),
      chance(random, 0.02) ? '"yes"' : '"no"',
      random.below(20_000) - 3000,
      word('yes', 'no'),
      word('yes', 'no'),
      word('cellular', 'telephone', 'unknown'),
      1 + random.below(31),
      word('may', 'jun', 'jul', 'aug'),
      random.below(1500),
      1 + Math.floor(random.uniform() ** 4 * 50),
      before ? 1 + random.below(400) : -1,
      before ? 1 + random.below(30) : 0,
      before ? word('failure', 'success', 'other') : '"unknown"',
      chance(random, 0.12) ? '"yes"' : '"no"',
    ];
    return columns.join(';');
  });
  return { name: 'bank-full.csv', text: `${names.split(' ').map(quoted).join(';')}\n${text}` };
}

/** Yeast, as OpenML has it, 14 labels of which a gene has several. */
export function yeast(): KnownTable {
  const random = randomFromSeed(6);
  const names = [
    ...Array.from({ length: 6 }, (_, c) => `Att${c + 1}`),
    ...Array.from({ length: 14 }, (_, c) => `Class${c + 1}`),
  ];
  const text = lines(300, () => {
    const numbers = Array.from({ length: 6 }, () => (0.1 * random.normal()).toFixed(6));
    const labels = Array.from({ length: 14 }, (_, c) => (chance(random, c === 13 ? 0.02 : 0.3) ? 'TRUE' : 'FALSE'));
    return [...numbers, ...labels].join(',');
  });
  return { name: 'yeast.csv', text: `${names.join(',')}\n${text}` };
}

/** Energy efficiency, as a spreadsheet saves it: two columns and three rows more, without a value. CRLF. */
export function energyEfficiency(): KnownTable {
  const random = randomFromSeed(7);
  const rows = Array.from({ length: 768 }, (_, row) => {
    const numbers = [0.62 + 0.03 * (row % 12), 514.5 + 24.5 * (row % 12), 245 + 24.5 * (row % 7)];
    const houses = [(110.25 + 36.75 * (row % 4)).toFixed(2), row % 2 ? 3.5 : 7, 2 + (row % 4)];
    const glass = [[0, 0.1, 0.25, 0.4][row % 4], row % 6];
    const loads = [6 + random.uniform() * 37, 11 + random.uniform() * 37].map((load) => load.toFixed(2));
    return [...numbers, ...houses, ...glass, ...loads, '', ''].join(',');
  });
  const names = 'X1,X2,X3,X4,X5,X6,X7,X8,Y1,Y2,,';
  const empty = Array.from({ length: 3 }, () => ','.repeat(11));
  return { name: 'ENB2012_data.csv', text: [names, ...rows, ...empty, ''].join('\r\n') };
}
