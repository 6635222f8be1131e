import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { expect, test } from 'vitest';
import { blocksOf } from '../scripts/documents/blocks.js';
import { filled, numbersOf } from '../scripts/documents/numbers.js';
import { build } from './cli/main.js';
import { loaders } from './data/catalogue.js';
import { models } from './models/catalogue.js';

const root = dirname(import.meta.dirname);
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
const below = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'],
  ...['docs', 'datasets'].flatMap((folder) => below(folder).map((name) => `${folder}/${name}`)),
];
const files = [
  ...['src', 'scripts', 'configs', 'docs', 'bin', '.ci', '.github'].flatMap(filesIn),
  ...readdirSync(root),
];
const folders = new Set(files.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))));
const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
const program = build(() => undefined);
const commands = new Map(program.commands.map((command) => [command.name(), command]));

/** Options of scripts and of other programs. */
const foreign = new Set([
  '--logdir', // of TensorBoard
  ...Object.keys(scripts).flatMap((name) => scripts[name]?.match(/--[a-z][\w-]*/g) ?? []),
  ...files.filter((path) => path.startsWith('scripts/')).flatMap((path) => read(path).match(/--[a-z][\w-]*/g) ?? []),
]);
const known = new Set([...commands.values()].flatMap((command) => [...optionsOf(command)]));

/** The names of all options of a command, and of those below it. */
function optionsOf(command: CommandUnknownOpts): Set<string> {
  const own = command.options.flatMap(({ long, negate }) =>
    long ? [long, negate ? long.replace('--no-', '--') : long] : [],
  );
  return new Set(['--help', ...own, ...command.commands.flatMap((child) => [...optionsOf(child)])]);
}

/** The code of a page, a span or a line each, the lines of one command joined; and its text without code. */
function partsOf(page: string): {
  readonly code: readonly string[];
  readonly spans: readonly string[];
  readonly prose: string;
} {
  const [code, prose]: [string[], string[]] = [[], []];
  let fenced = false;
  for (const line of page.replace(/ \\\n\s*/g, ' ').split('\n')) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    else if (fenced || line.startsWith('    ')) code.push(line.trim());
    else prose.push(line);
  }
  const text = prose.join('\n');
  const spans = [...text.matchAll(/(`+)([^`]+)\1/g)].map(([, , span = '']) => span.replace(/\s+/g, ' ').trim());
  return {
    code: [...code, ...spans],
    spans,
    prose: text.replace(/(`+)[^`]+\1/g, (span) => span.replace(/[[\]()]/g, '')),
  };
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): readonly string[] {
  const text = page.replace(/^```.*?^```/gms, '');
  const named = Array.from(text.matchAll(/<a id="([\w-]+)">/g), ([, name = '']) => name);
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...named, ...headings];
}

function deadLinks(path: string, text: string): string[] {
  return [...partsOf(text).prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const found = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(root, found))) return [`no file: ${target}`];
    if (anchor === undefined || !found.endsWith('.md')) return [];
    return anchorsOf(found === path ? text : read(found)).includes(anchor) ? [] : [`no heading: ${target}`];
  });
}

/** A path with `*`, or the end of one. */
function isPath(path: string): boolean {
  const pattern = path
    .replace(/\/$/, '')
    .replace(/[.+]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(.*/)?'));
  const end = new RegExp(`(^|/)${pattern}$`);
  return (
    files.some((file) => end.test(file)) || (!/\.\w+$/.test(path) && [...folders].some((folder) => end.test(folder)))
  );
}

function missingFiles({ code, spans }: Parts): string[] {
  /** What an example writes: a block that begins with the name of its file. */
  const examples = code.flatMap((line) => /^(?:\/\/|#) ([\w./-]+\.(?:ts|yaml))$/.exec(line)?.[1] ?? []);
  const full = code.flatMap((text) => text.match(/(?<![\w/.<-])(?:src|scripts|configs|docs)\/[\w./*-]*[\w/*]/g) ?? []);
  const bare = spans
    .flatMap((span) => span.split(/[\s,]+/))
    .filter((word) => /^\w[\w./*-]*\.ts$|^\w[\w-]*\/[\w/-]+\/$/.test(word));
  return [...new Set([...full, ...bare])]
    .filter((path) => !/^(runs|datasets)\/|^my-/.test(path))
    .filter((path) => !examples.some((example) => example.endsWith(path)))
    .flatMap((path) =>
      isPath(path) && (!full.includes(path) || path.includes('*') || existsSync(join(root, path)))
        ? []
        : [`no file: ${path}`],
    );
}

function missingScripts(text: string, { spans }: Parts): string[] {
  const table = /^\| `npm run` \|.*\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? '';
  const listed = table.split('\n').flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([\w:-]+)/g)]);
  const named = [
    ...[...text.matchAll(/npm run ([\w:-]*\w)/g), ...listed].map(([, name = '']) => name),
    ...spans.filter((span) => /^(bench|check|study|test|chaos|make|setup):[\w-]+$/.test(span)),
  ];
  return [...new Set(named)].filter((name) => scripts[name] === undefined).map((name) => `no script: npm run ${name}`);
}

function missingCommands({ code, spans }: Parts): string[] {
  const used = code.flatMap((line) => {
    const commandLine = line.replace(/(^|\s)#\s.*$/, '');
    return commandLine.split(/(?:^|[|;&:(…] )(?:npx )?ple (?!is )(?=[a-z])/).slice(1);
  });
  const ofCommands = used.flatMap((rest) => {
    const [name = '', ...words] = rest.split(/ [|&;>]|[;)]/)[0]?.split(/[\s=]+/) ?? [];
    const command = commands.get(name.replace(/\W+$/, ''));
    if (!command) return [`no command: ple ${name}`];
    const below = command.commands.map((child) => child.name());
    if (below.length > 0 && /^[a-z]+$/.test(words[0] ?? '') && !below.includes(words[0] ?? ''))
      return [`no command: ple ${name} ${words[0]}`];
    const options = optionsOf(command);
    const strange = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[^\w-].*$/, ''));
    const configs = words.flatMap((word, index) =>
      word === '--config' || name === 'init' ? (words[index + (name === 'init' ? 0 : 1)] ?? []) : [],
    );
    return [
      ...strange.filter((option) => !options.has(option)).map((option) => `no option: ple ${name} ${option}`),
      ...configs
        .filter((config) => /^[a-z][\w/-]*$/.test(config) && !existsSync(join(root, 'configs', `${config}.yaml`)))
        .map((config) => `no config: ${config}`),
    ];
  });
  const alone = spans.flatMap((span) => /^--[a-z][\w-]*/.exec(span)?.[0] ?? []);
  return [
    ...ofCommands,
    ...alone.filter((option) => !known.has(option) && !foreign.has(option)).map((option) => `no option: ${option}`),
  ];
}

type Parts = ReturnType<typeof partsOf>;

function faultsOf(path: string, text: string): string[] {
  const parts = partsOf(text);
  return [...deadLinks(path, text), ...missingFiles(parts), ...missingScripts(text, parts), ...missingCommands(parts)];
}

test.each(pages)('%s names files, scripts, commands and options that there are', (page) => {
  expect(faultsOf(page, read(page))).toEqual([]);
});

test('the links of CHANGELOG.md lead somewhere; it may name what is gone', () => {
  expect(deadLinks('CHANGELOG.md', read('CHANGELOG.md'))).toEqual([]);
});

test('a wrong name is found', () => {
  const text = [
    '# A page',
    '[a](docs/nothing.md), [b](docs/config.md#nothing), [c](#a-page), `src/nothing.ts`, `nothing.ts`, `ple.ts`,',
    '`npm run nothing`, `npm run docs`, `ple nothing`, `ple train --nothing`, `--nothing`, `ple data inspect --write`, `ple data nothing`.',
    '',
    '    ple compare --config nothing/here --jobs 2 \\',
    '      --nowhere     # ple compare --comment',
    '    ple init census-income/nothing',
    '',
  ].join('\n');
  expect(faultsOf('README.md', text)).toEqual([
    'no file: docs/nothing.md',
    'no heading: docs/config.md#nothing',
    'no file: src/nothing.ts',
    'no file: nothing.ts',
    'no script: npm run nothing',
    'no option: ple compare --nowhere',
    'no config: nothing/here',
    'no config: census-income/nothing',
    'no command: ple nothing',
    'no option: ple train --nothing',
    'no command: ple data nothing',
    'no option: --nothing',
  ]);
});

test.each(pages.filter((page) => page !== 'ARCHITECTURE.md'))(
  '%s says of each code block what it is (scripts/documents/blocks.ts)',
  (page) => {
    const unsaid = blocksOf(read(page)).filter(({ mark }) => mark === undefined);
    expect(unsaid.map(({ line, text }) => `${page}:${line}: ${text.split('\n')[0]}`)).toEqual([]);
  },
);

test('a comment says what a block is; a comment of another kind says nothing', () => {
  const page = [
    ...['<!-- command; as FILE=a.csv; as B=b; add train.epochs=1 x=2 -->', ''],
    ...['    ple train FILE', '', '    # second line', '', 'text', ''],
    ...['<!-- output; shape -->', '', '```text', 'a 1', '```', '', '<!-- nonsense -->', '', '    x', ''],
    ...['<!-- command; exit 2 -->', '', '    y', '', '<!-- before: a; c', 'b -->', ''],
    ...['- an item', '', '    of a list', '', '<!-- file a/b.yaml -->', '', '```yaml', 'a: 1', '```'],
  ].join('\n');
  const plain = { of: '', as: [], add: '', shape: false };
  const as = [
    ['FILE', 'a.csv'],
    ['B', 'b'],
  ];
  expect(blocksOf(page)).toEqual([
    {
      ...{ line: 3, language: '', text: 'ple train a.csv\n\n# second line' },
      mark: { ...plain, kind: 'command', as, add: 'train.epochs=1 x=2' },
    },
    { line: 11, language: 'text', text: 'a 1', mark: { ...plain, kind: 'output', shape: true } },
    { line: 17, language: '', text: 'x', mark: undefined },
    { line: 21, language: '', text: 'y', mark: undefined },
    { line: 23, language: '', text: 'a; c\nb', mark: { ...plain, kind: 'before', of: 'a; c\nb' } },
    { line: 32, language: 'yaml', text: 'a: 1', mark: { ...plain, kind: 'file', of: 'a/b.yaml' } },
  ]);
});

test('docs/claims.md has the numbers of docs/claims/*.csv; a number that is not there is an error', () => {
  const rows = numbersOf(join(root, 'docs/claims'));
  const page = read('docs/claims.md');
  expect(filled(page, rows)).toBe(page);
  expect(page.replace(/<!-- =[^<>]* -->[^<]*<!-- \/ -->/g, '')).not.toMatch(/<!-- [=/]/); // else it would stay as it is
  expect(page.slice(page.indexOf('#'))).not.toMatch(/^<!--/m); // GitHub shows such a line as HTML, with its Markdown as it is
  const value = (key: string) => filled(`it is <!-- =${key} -->?<!-- / -->.`, rows).replace(/<!--.*?-->/g, '');
  expect(value('census/beside never-married, ple, mmoe, income/word')).toBe('it is none that counts.');
  expect(value('rows/equal, harder, ple: loss on y1, margins/word')).toBe('it is loss.');
  expect(value('structure/equal, VTR VCR, cgc, mmoe/gain interval')).toBe('it is −0.6 [−1.2, 0.0].');
  // By itself a loss; of four parts by Student's t it is −2.1 [−5.1, 1.0].
  const word = (numbers: string) => value(`claim-seesaw/wide, cgc, single-task, VCR/word ${numbers}`);
  expect([word('1'), word('4'), word('4 5')]).toEqual(['it is loss.', 'it is open.', 'it is none that counts.']);
  expect(() => value('structure/equal, VTR VCR, mmoe, cgc/gain')).toThrow('is no row of docs/claims/*.csv');
  expect(() => value('structure/equal, cgc, mmoe/gain')).toThrow('is more than one row of docs/claims/*.csv');
  expect(() => value('structure/equal, VTR VCR, cgc, mmoe/value')).toThrow('has no value');
});

test('every word of docs/glossary.md is linked where it is used', () => {
  const texts = pages.map(read).join('\n');
  const words = anchorsOf(read('docs/glossary.md')).filter((anchor) => anchor !== 'words');
  expect(words.length).toBeGreaterThan(10);
  expect(words.filter((word) => !texts.includes(`glossary.md#${word})`))).toEqual([]);
});

test('README.md links every page', () => {
  const linked = read('README.md');
  expect(below('docs').filter((name) => !linked.includes(`](docs/${name}`))).toEqual([]);
});

test('README.md has the number of models; datasets/README.md has a row for each dataset file and loader', () => {
  expect(read('README.md')).toContain(`PLE and ${models.names.length - 1} other models`);
  const rows = [...read('datasets/README.md').matchAll(/^\| `([\w-]+)` \|.*\]\([\w-]+\.md\) \|$/gm)];
  const files = readdirSync(join(root, 'datasets')).filter((name) => name.endsWith('.yaml'));
  const names = [...files.map((name) => name.replace('.yaml', '')), ...loaders.names];
  expect(rows.map(([, name]) => name).toSorted()).toEqual(names.toSorted());
});

test.each([
  ['README.md', 120, 1300],
  ['CONTRIBUTING.md', 170, 1700],
  ['ARCHITECTURE.md', 90, 1200],
  ['docs/output.md', 300, 3500],
  ['docs/statistics.md', 230, 2600],
])('%s can be read in a few minutes', (page, lines, words) => {
  const text = read(page).replaceAll(/<!--[\s\S]*?-->\n+/g, ''); // which no page shows
  expect(text.split('\n').length - 1).toBeLessThanOrEqual(lines);
  expect(text.split(/\s+/).length).toBeLessThanOrEqual(words);
});
