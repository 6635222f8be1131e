import { readdir } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../support/folder.fixture.js';
import { file, folds, open, readRows } from './table-loader.fixture.js';

afterEach(() => void vi.unstubAllEnvs());

const lines = ['x,y,fold', 'Köln,1,', '"a;""b""",0,', 'Bonn,1,v', 'Köln,0,t', ''];

test.each<[string, Buffer, string | undefined]>([
  ['UTF-16 with a byte-order mark', Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le'), 'utf-16le'],
  [
    "windows-1252 behind UTF-8's byte-order mark",
    Buffer.concat([Buffer.from('\ufeff'), Buffer.from(lines.join('\n'), 'latin1')]),
    'windows-1252',
  ],
  ['lines that end now in CRLF and now in LF', Buffer.from(lines.join('\n').replace('Köln,1,', '$&\r')), undefined],
])('%s: the rows of the same text in UTF-8, and no copy stays', async (_, bytes, encoding) => {
  const settings = { tasks: { y: {} }, split: folds };
  const plain = await open({ path: await file(lines.join('\n')), ...settings });
  const path = await file(bytes);
  const folder = temporaryFolder();
  vi.stubEnv('TMPDIR', folder);
  const other = await open({ path, ...settings, ...(encoding === undefined ? {} : { encoding }) });
  for (const split of ['train', 'validation', 'test'] as const)
    expect(await readRows(other, split)).toEqual(await readRows(plain, split));
  expect(await readdir(folder)).toEqual([]);
});

/** The rows of a file with a column `y` of labels, without the inputs' kinds. */
async function read(content: string | Buffer, settings: object = {}) {
  const path = await file(content);
  const columns = { x: 'categorical' };
  const source = await open({ path, tasks: { y: {} }, columns, split: folds, ...settings });
  const splits = ['train', 'validation', 'test'] as const;
  return (await Promise.all(splits.map((split) => readRows(source, split)))).flat().map(({ x }) => x);
}

const inQuotes = ['a\r\nb', 'a\nb', 'a\rb', 'a\n\r\n\r"b', 'c\r\nc,0,\r\n'];
const quoted = inQuotes.map((text, row) => `"${text.replaceAll('"', '""')}",${row % 2},${['', '', '', 'v', 't'][row]}`);

test.each<[string, (lines: readonly string[]) => string | Buffer, object]>([
  ['LF', (all) => all.join('\n'), {}],
  ['CRLF', (all) => all.join('\r\n'), {}],
  ['both', (all) => all.map((line, row) => `${line}${row % 2 ? '\r\n' : '\n'}`).join(''), {}],
  [
    'both, and blank lines first',
    (all) => `\n\r\n${all.map((line, row) => `${line}${row % 2 ? '\n' : '\r\n'}`).join('')}`,
    {},
  ],
  ['CRLF, in UTF-16', (all) => Buffer.from(`\ufeff${all.join('\r\n')}`, 'utf16le'), { encoding: 'utf-16le' }],
  ['CRLF, with a name of two lines', ([, ...rows]) => ['"x\n",y,fold', ...rows].join('\r\n'), {}],
  ['LF, with a name of two lines', ([, ...rows]) => ['"x\r\n",y,fold', ...rows].join('\n'), {}],
  ['CRLF, without names', ([, ...rows]) => rows.join('\r\n'), { header: ['x', 'y', 'fold'] }],
])('line breaks in quotes are kept, byte for byte, where rows end in %s', async (_, content, settings) => {
  expect(await read(content(['x,y,fold', ...quoted]), settings)).toEqual(inQuotes.map((text) => text.trim()));
});

test('quotes may be apostrophes, and are doubled in quotes', async () => {
  const content = "x,y,fold\n'it''s',1,\n'a, \"b\"',0,\nplain \"c\",1,\n 'd' ,0,v\ne,1,t\n";
  expect(await read(content, { quote: "'" })).toEqual(["it's", 'a, "b"', 'plain "c"', 'd', 'e']);
});

test('a file whose quotes have lines like rows is read by one thread, where several refuse it', async () => {
  const cell = `"${'a,1,\n'.repeat(4000)}end"`;
  const rows = Array.from(
    { length: 2500 },
    (_, row) => `${row % 5 ? row : cell},${row % 2},${['v', 't'][row] ?? ''}\n`,
  );
  const values = await read(`x,y,fold\n${rows.join('')}`);
  expect(values).toHaveLength(2500);
  expect(values.filter((value) => String(value).endsWith('end'))).toHaveLength(500);
  await expect(read(`x,y,fold\n${rows.join('')}"a,1,\n`)).rejects.toThrow(/data\.csv:\d+: a quote is not closed/);
});

test('a mark of missing values is one, where an empty text is not', async () => {
  const path = await file('x,y,fold\n1.5,1,\nNA,0,\n2.5,1,v\n,0,t\n');
  const settings = { tasks: { y: {} }, split: folds, missing: ['NA'] };
  const asNumber = open({ path, ...settings, columns: { x: 'numeric' } });
  await expect(asNumber).rejects.toThrow(/csv:5: column 'x' is ''/);
  expect(await read('x,y,fold\nNA,1,\n\x01 ,0,\n\x03,1,v\n,0,t\n', { missing: [] })).toEqual([
    'NA',
    '\x01',
    '\x03',
    '',
  ]);
});
