import { readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { UserError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { queryRows, withDatabase } from '../store/database.js';
import { openTableFile } from './row-file.js';
import { stagedTable, stageRows } from './staged-rows.js';
import { file } from './table-loader.fixture.js';
import { usualMissing } from './table-options.js';

afterEach(() => void vi.unstubAllEnvs());

const names = 'x,n,y\n';
const row = (r: number, x: string) => `${x},${r / 4},${r % 2}`;
const rows = (...cells: string[]) =>
  `${names}${Array.from({ length: 40 }, (_, r) => row(r, cells[r] ?? `x${r}`)).join('\n')}\n`;
const plain = rows();
const ends = (end: (line: number) => string) =>
  plain
    .trimEnd()
    .split('\n')
    .map((line, r) => line + end(r))
    .join('');
const packed = gzipSync(plain);
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const withBytes = (at: string, ...bytes: number[]) =>
  Buffer.concat([
    Buffer.from(plain.slice(0, plain.indexOf(at))),
    Buffer.from(bytes),
    Buffer.from(`${at}${plain.split(at)[1]}`),
  ]);
const whole = (...cells: string[]) => cells.concat(Array.from({ length: 40 }, (_, r) => `x${r}`).slice(cells.length));
const json = (line: string) => `{"x": "a", "n": 0.5, "y": 1}\n${line}\n`.repeat(20);

/** Two files with a byte-order mark each, one behind the other. */
const joined = '\ufeffa,1\nb,2\n'.repeat(2);

/** A file, and its values of x; or the fault by which it is refused. */
const cases: readonly (readonly [
  what: string,
  content: string | Buffer,
  expected: readonly string[] | RegExp,
  options?: object,
  ending?: string,
])[] = [
  ['a quote that opens first', rows('"a'), /csv:2: a quote is not closed; dataset\.quote: null/],
  ['a quote that opens last', `${plain}"a,1,1\n`, /csv:42: a quote is not closed/],
  ['a quote that opens before another', rows('"a', 'b', '"c"'), /csv:2: behind a closing quote stands neither ',' nor/],
  ['letters behind a quote', rows('"a"b'), /csv:2: behind a closing quote/],
  ['quotes as letters', rows('"a', 'b"c', '5"'), whole('"a', 'b"c', '5"'), { quote: null }],
  [
    'quotes within values, and doubled',
    rows('b"c', '"say ""d"""', '"e, f"', ' "g" ', '""'),
    whole('b"c', 'say "d"', 'e, f', 'g', ''),
  ],
  ['apostrophes', rows("'it''s'", '\'a, "b"\'', "'c' "), whole("it's", 'a, "b"', 'c'), { quote: "'" }],
  ['a short row', `${plain}1,2\n`, /csv:42: this row has 2 columns, not 3\.$/],
  ['a comma in a name, and a missing value at the end', `${names}a, b,1,\n`, /csv:2: this row has 4 columns, not 3/],
  ['a long row in quotes of several lines', rows('"a\r\n\n"', 'b,c'), /csv:5: this row has 4 columns/],
  ['blank lines', `\n\n${plain.replace('x7', '\n  \n\nx7')}\n\n`, whole()],
  ['blanks of a column without quotes', 'x\n1\n\n \n2\n', ['1', '', '2'], { quote: null }],
  ['a line of commas', `${plain},,\n`, [...whole(), '']],
  ['NUL', rows('a', 'b\0'), /csv:3: there is a NUL byte/],
  ['UTF-16 without the option', utf16(plain), /csv:1: there is a NUL byte/],
  ['a byte that is no UTF-8', withBytes('x7', 0xff), /csv:9: this line is not in UTF-8/],
  ['a letter that is cut off at the end', withBytes('x39', 0xe2).subarray(0, -9), /csv:41: this line is not in UTF-8/],
  [
    'windows-1252 behind the mark of UTF-8',
    Buffer.concat([Buffer.from('\ufeff'), Buffer.from(rows('Köln'), 'latin1')]),
    whole('Köln'),
    { encoding: 'windows-1252' },
  ],
  [
    'UTF-16, line breaks in quotes',
    utf16(`\ufeff${rows('"a\r\nb"', '"c\nd"')}`),
    whole('a\r\nb', 'c\nd'),
    { encoding: 'utf-16le' },
  ],
  ['a byte-order mark', `\ufeff${plain}`, whole()],
  ['one before a name in quotes', `\ufeff"x,"${plain.slice(1)}`, whole()],
  [
    'byte-order marks of values',
    rows('\ufeffa', 'a', '"\ufeffb,c"', '\ufeff'),
    whole('\ufeffa', 'a', '\ufeffb,c', '\ufeff'),
    { exact: true },
  ],
  [
    'that of the first value, in rows of LF and CRLF',
    rows('\ufeffa', 'a\r').replace('a\r,0.25,1', 'a,0.25,1\r'),
    whole('\ufeffa', 'a'),
    { exact: true },
  ],
  [
    'joined files with marks: they belong to values',
    joined,
    ['a', 'b', '\ufeffa', 'b'],
    { exact: true, header: false },
  ],
  ['joined files with marks: they are blanks', joined, ['a', 'b', 'a', 'b'], { header: false }],
  [
    'joined files with marks before quotes',
    joined.replaceAll('a', '"a"'),
    /csv:3: a byte-order mark stands before a quote, as where files were joined; remove it\.$/,
    { header: false },
  ],
  ['CRLF', ends(() => '\r\n'), whole()],
  ['CRLF and LF', ends((line) => (line % 2 ? '\n' : '\r\n')), whole()],
  ['CRLF last', ends((line) => (line < 20 ? '\n' : '\r\n')), whole()],
  ['no line break at the end', plain.trimEnd(), whole()],
  ['CR alone', ends(() => '\r'), /csv:1: there is a CR without LF\. Lines must end with LF/],
  ['a CR in a value', rows('a', 'b\rc'), /csv:3: there is a CR without LF/],
  [
    'line breaks in quotes, rows in LF',
    rows('"a\r\nb"', '"c\nd"', '"e\rf"', '"g\n\r\n""h"'),
    whole('a\r\nb', 'c\nd', 'e\rf', 'g\n\r\n"h'),
  ],
  [
    'line breaks in quotes, rows in CRLF',
    rows('"a\vb"', '"c\vd"').replaceAll('\n', '\r\n').replace('\v', '\n').replace('\v', '\r\n'),
    whole('a\nb', 'c\r\nd'),
  ],
  [
    'line breaks in quotes, rows in both',
    rows('"a\r\nb"').replace('x7', '\rx7').replace('\n\r', '\r\n'),
    whole('a\r\nb'),
  ],
  ['a name of two lines', plain.replace('x,', '"x\n",').replaceAll('1\n', '1\r\n').replaceAll('0\n', '0\r\n'), whole()],
  ['blanks and marks of missing values', rows(' a ', 'NA', ' NA ', '\u00a0b', '"  "'), whole('a', '', '', 'b', '')],
  ['a cell of 2 MB', rows('a'.repeat(2e6 + 9)), /csv:2: a row has more than 2,000,000 bytes/],
  ['a name twice', plain.replace('x,', 'y,'), /two columns are named 'y'; give each a name of its own\.$/],
  [
    'two letters between',
    plain.replaceAll(',', '::').replace('x7', 'x:7'),
    whole().with(7, 'x:7'),
    { delimiter: '::' },
  ],
  ['gzip', packed, whole(), {}, 'data.csv.gz'],
  ['gzip of two parts', Buffer.concat([packed, gzipSync(plain.slice(6))]), [...whole(), ...whole()], {}, 'data.csv.gz'],
  ['gzip without its end', packed.subarray(0, -8), /csv\.gz cannot be read: it ends too early/, {}, 'data.csv.gz'],
  ['no gzip', plain, /csv\.gz cannot be read: it is not in gzip format/, {}, 'data.csv.gz'],
  ['an ending that says nothing', plain, /data\.doc is read if its ending is \.csv/, {}, 'data.doc'],
  ['no Parquet', plain, /data\.parquet cannot be read as Parquet: /, {}, 'data.parquet'],
  ['JSON', json('{"y": 0, "x": "b"}'), Array.from({ length: 40 }, (_, r) => (r % 2 ? 'b' : 'a')), {}, 'data.jsonl'],
  ['JSON that is cut off', json('{"x": "b"}').slice(0, -5), /data\.jsonl cannot be read as JSON: /, {}, 'data.jsonl'],
  ['a line that is no JSON', json('x'), /data\.jsonl cannot be read as JSON: .*line/, {}, 'data.jsonl'],
  [
    'JSON in gzip without its end',
    gzipSync(json('{"x": "b"}')).subarray(0, -8),
    /it ends too early/,
    {},
    'data.jsonl.gz',
  ],
];

for (const [what, content, expected, options = {}, name = 'data.csv'] of cases)
  test(`${what}: all rows are read, or the file is refused`, async () => {
    const path = await file(content, name);
    const folder = temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    const read = withDatabase(async (database) => {
      const table = await openTableFile(path, { quote: '"', header: true, ...options });
      const { columns } = await stageRows(
        database,
        [{ split: 'train', file: table }],
        new Set(table.names),
        usualMissing,
      );
      const x = columns.get('x')?.sql ?? columns.get(table.names[0] ?? '')?.sql;
      return (await queryRows(database, `SELECT coalesce(${x}, '') FROM ${stagedTable} ORDER BY rowid`)).flat();
    });
    const found: unknown = await read.catch((error: unknown) => error);
    expect(await readdir(folder)).toEqual([]); // no copy stays
    if (!(expected instanceof RegExp)) return expect(found).toEqual(expected);
    expect(found).toBeInstanceOf(UserError);
    expect(found).toHaveProperty('message', expect.stringMatching(expected));
  });
